package product

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/apiphant/apiphant"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/sumdb/dirhash"
)

// origin is where the module apiphant that this program was built of is found:
// a version in a module proxy, or the folder of a checkout.
type origin struct {
	version, sum string // of the installed one
	folder       string // of the checkout
}

// findOrigin prefers what go install has written into the program, its version
// and the hash of its source: then nothing but a module proxy is needed. What
// was built in a checkout has no hash, whatever its version says.
func findOrigin() (origin, error) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range append([]*debug.Module{&info.Main}, info.Deps...) {
			if module.Path == apiphantPath && module.Replace == nil && module.Sum != "" {
				return origin{version: module.Version, sum: module.Sum}, nil
			}
		}
	}
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		return origin{}, errTrimmed
	}
	folder := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	content, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil || modfile.ModulePath(content) != apiphantPath {
		return origin{}, fmt.Errorf("%s is no longer the checkout that this apiphant was built of, and a product without a go.mod needs its source: "+
			"build it again, or give the product a go.mod", folder)
	}
	return origin{folder: folder}, nil
}

// embeddedModule returns apiphant's own go.mod and go.sum.
func embeddedModule() (goMod, goSum []byte) { return apiphant.ModuleFiles() }

// moduleFiles returns a go.mod and go.sum for a product that has none: those of
// apiphant, so that all that it requires is there in the same version, under
// the product's name, and apiphant itself added.
func (o origin) moduleFiles(name string) (goMod, goSum []byte, err error) {
	ownMod, goSum := embeddedModule()
	file, err := modfile.Parse("go.mod", ownMod, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := file.AddModuleStmt(name); err != nil {
		return nil, nil, err
	}
	version := "v0.0.0"
	if o.version != "" {
		version = o.version
		modSum, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(ownMod)), nil
		})
		if err != nil {
			return nil, nil, err
		}
		goSum = fmt.Appendf(bytes.Clone(goSum), "%s %s %s\n%[1]s %[2]s/go.mod %[4]s\n", apiphantPath, version, o.sum, modSum)
	} else if err := file.AddReplace(apiphantPath, "", o.folder, ""); err != nil {
		return nil, nil, err
	}
	if err := file.AddRequire(apiphantPath, version); err != nil {
		return nil, nil, err
	}
	goMod, err = file.Format()
	return goMod, goSum, err
}

const command = apiphantPath + "/cmd/apiphant"

// keepTool is the command that writes a tool line into a go.mod which requires
// apiphant already: it keeps go mod tidy and go mod vendor from dropping what
// only the generated main imports.
const keepTool = "go mod edit -tool=" + command

// requireCommand returns the command that makes a go.mod require apiphant, as
// it was installed here, with the tool line.
func requireCommand() string {
	from, err := findOrigin()
	switch {
	case err != nil:
		return "go get -tool " + command + "@latest"
	case from.folder != "":
		return "go mod edit -require=" + apiphantPath + "@v0.0.0 -replace=" + quote(apiphantPath+"="+from.folder) + " -tool=" + command
	}
	return "go get -tool " + command + "@" + from.version
}
