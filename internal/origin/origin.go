// Package origin finds the module apiphant that this program was built of, and
// writes the go.mod of a product that requires it.
package origin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
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

// Find returns the origin of this program. It is the version that go install has
// recorded in the program, if there is a hash of its source: then all else comes
// from the module cache or a module proxy. A program that was built in a checkout
// has no such hash, whatever its version is.
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

// Requirements returns the requirements of the module apiphant itself.
func (o Origin) Requirements() ([]*modfile.Require, error) {
	own, err := o.own()
	if err != nil {
		return nil, err
	}
	return own.mod.Require, nil
}

// ModuleFiles returns the go.mod and go.sum of a module called name that requires
// apiphant and nothing else. All that apiphant requires is in them, in the same
// versions, so the product and its tests build without network access if the
// module cache has those. The tool line keeps go mod tidy and go mod vendor from
// dropping what only the generated main imports.
func (o Origin) ModuleFiles(name string) (goMod, goSum []byte, err error) {
	own, err := o.own()
	if err != nil {
		return nil, nil, err
	}
	return o.moduleFiles(name, own)
}

// files are the go.mod and go.sum of the module apiphant.
type files struct {
	mod     *modfile.File
	modHash string // of go.mod, as go.sum has it; "" for a checkout
	sum     []byte
}

func (o Origin) moduleFiles(name string, own files) (goMod, goSum []byte, err error) {
	version, goSum := "v0.0.0", bytes.Clone(own.sum)
	file := &modfile.File{}
	errs := []error{file.AddModuleStmt(name), file.AddGoStmt(own.mod.Go.Version), file.AddTool(Command)}
	if o.Version != "" {
		version = o.Version
		goSum = fmt.Appendf(goSum, "%s %s %s\n%[1]s %[2]s/go.mod %[4]s\n", Path, version, o.Sum, own.modHash)
	}
	file.SetRequireSeparateIndirect(requirements(version, own.mod))
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

// requirements returns apiphant in a version, and as indirect ones all that it
// requires.
func requirements(version string, own *modfile.File) []*modfile.Require {
	all := []*modfile.Require{{Mod: module.Version{Path: Path, Version: version}}}
	for _, r := range own.Require {
		all = append(all, &modfile.Require{Mod: r.Mod, Indirect: true})
	}
	return all
}

// own reads apiphant's go.mod and go.sum: in the checkout, or where the go
// command keeps the version.
func (o Origin) own() (files, error) {
	folder, modHash := o.Folder, ""
	if folder == "" {
		found, err := o.download()
		if err != nil {
			return files{}, err
		}
		folder, modHash = found.Dir, found.GoModSum
	}
	content, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil {
		return files{}, err
	}
	mod, err := modfile.Parse("go.mod", content, nil)
	if err != nil {
		return files{}, err
	}
	sum, err := os.ReadFile(filepath.Join(folder, "go.sum"))
	return files{mod, modHash, sum}, err
}

// downloaded is what go mod download says of a module.
type downloaded struct{ Dir, Sum, GoModSum, Error string }

// download returns where the module cache has the version. go install has put it
// there; it is downloaded again only if the cache was cleaned since.
func (o Origin) download() (downloaded, error) {
	command := exec.Command("go", "mod", "download", "-json", Path+"@"+o.Version)
	command.Dir = os.TempDir()
	command.Env = append(os.Environ(), "GO111MODULE=on", "GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	var found downloaded
	if failure := json.Unmarshal(out, &found); failure != nil && err == nil {
		err = failure
	}
	switch {
	case found.Error != "":
		return found, fmt.Errorf("go mod download: %s", found.Error)
	case err != nil:
		return found, fmt.Errorf("go mod download: %w\n%s", err, strings.TrimSpace(stderr.String()))
	case found.Sum != o.Sum:
		return found, fmt.Errorf("%s %s in the module cache is not what this apiphant was built of (%s, want %s): install it again", Path, o.Version, found.Sum, o.Sum)
	}
	return found, nil
}
