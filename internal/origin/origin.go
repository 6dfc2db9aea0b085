// Package origin tells where the module apiphant that this program was built of
// is found, and makes the go.mod of a product that takes it from there.
package origin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"

	"github.com/apiphant/apiphant"
)

const (
	// Path is the module's, and the import path of its root package.
	Path = "github.com/apiphant/apiphant"

	// Command is the import path of the apiphant command.
	Command = Path + "/cmd/apiphant"
)

// Origin is a version in a module proxy, or the folder of a checkout.
type Origin struct {
	Version string // "v0.1.0"; "" for a checkout
	Sum     string // the hash of that version's source, as go.sum has it
	Folder  string // of the checkout, absolute; "" for a version
}

// Find prefers what go install has written into the program, its version and
// the hash of its source: then nothing but a module proxy is needed. What was
// built in a checkout has no hash, whatever its version says.
func Find() (Origin, error) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range append([]*debug.Module{&info.Main}, info.Deps...) {
			if module.Path == Path && module.Replace == nil && module.Sum != "" {
				return Origin{Version: module.Version, Sum: module.Sum}, nil
			}
		}
	}
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		return Origin{}, errTrimmed
	}
	folder := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	content, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil || modfile.ModulePath(content) != Path {
		return Origin{}, fmt.Errorf("%s is no longer the checkout that this apiphant was built of, where a product's go.mod is to find it: "+
			"build apiphant again, or write the product's go.mod yourself", folder)
	}
	return Origin{Folder: folder}, nil
}

var errTrimmed = errors.New("this apiphant was built from a checkout with -trimpath, and can't tell a product's go.mod where to find it: " +
	"build it without -trimpath, install it by go install " + Command + "@latest, or write the product's go.mod yourself")

// ModuleFiles returns the go.mod and go.sum of a module called name that
// requires apiphant and nothing else: all that apiphant requires is in them, in
// the same versions, so that the product builds, and its tests do, without a
// look at the network where the module cache has them. The tool line keeps go mod
// tidy and go mod vendor from dropping what only the generated main imports.
func (o Origin) ModuleFiles(name string) (goMod, goSum []byte, err error) {
	ownMod, ownSum := apiphant.ModuleFiles()
	own, err := modfile.Parse("go.mod", ownMod, nil)
	if err != nil {
		return nil, nil, err
	}
	version, goSum := "v0.0.0", bytes.Clone(ownSum)
	file := &modfile.File{}
	errs := []error{file.AddModuleStmt(name), file.AddGoStmt(own.Go.Version), file.AddTool(Command)}
	if o.Version != "" {
		version = o.Version
		modSum, err := hash(ownMod)
		errs = append(errs, err)
		goSum = fmt.Appendf(goSum, "%s %s %s\n%[1]s %[2]s/go.mod %[4]s\n", Path, version, o.Sum, modSum)
	}
	file.SetRequireSeparateIndirect(requirements(version, own))
	if o.Folder != "" {
		errs = append(errs, file.AddReplace(Path, "", o.Folder, ""))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	file.Cleanup()
	goMod, err = file.Format()
	return goMod, goSum, err
}

// requirements are apiphant in a version, and indirectly all that it requires.
func requirements(version string, own *modfile.File) []*modfile.Require {
	all := []*modfile.Require{{Mod: module.Version{Path: Path, Version: version}}}
	for _, r := range own.Require {
		all = append(all, &modfile.Require{Mod: r.Mod, Indirect: true})
	}
	return all
}

func hash(goMod []byte) (string, error) {
	return dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(goMod)), nil
	})
}
