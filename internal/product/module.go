package product

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	modpath "golang.org/x/mod/module"

	"github.com/apiphant/apiphant/internal/origin"
)

// module is the Go module that a product belongs to. A product without a go.mod gets
// one that exists only in the compiler's overlay.
type module struct {
	own       bool   // there is a go.mod in the product's folder or above it
	root      string // the folder of go.mod: absolute
	path      string // of the module: its module line
	prefix    string // the import path of the product's folder
	workspace string // the go.work that the module is in, or ""
	vendored  bool   // the go command takes dependencies from a folder vendor
}

// findModule finds the product's go.mod as the go command does: in the product's
// folder, or else in the nearest folder above it. If there is none, the module has the
// name of the folder.
func findModule(dir string) (module, error) {
	for root := dir; ; root = filepath.Dir(root) {
		file := filepath.Join(root, "go.mod")
		if info, err := os.Stat(file); err == nil && !info.IsDir() && root != realPath(os.TempDir()) {
			return ownModule(dir, root, file)
		}
		if root == filepath.Dir(root) {
			name := filepath.Base(dir)
			return module{root: dir, path: name, prefix: name}, nil
		}
	}
}

// ownModule reads the go.mod of a product in folder dir.
func ownModule(dir, root, file string) (module, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return module{}, err
	}
	path := modfile.ModulePath(content)
	if path == "" {
		return module{}, fmt.Errorf("%s: no module line: run go mod init in %s", shortPath(file), shortPath(root))
	}
	m := module{own: true, root: root, path: path, prefix: path}
	if rel, err := filepath.Rel(root, dir); err == nil && rel != "." {
		m.prefix += "/" + filepath.ToSlash(rel)
	}
	if err := modpath.CheckImportPath(m.prefix); err != nil {
		return module{}, fmt.Errorf("%s: %w: rename the folder, or give the product a go.mod of its own", shortPath(dir), err)
	}
	return m, nil
}

// moduleRoot returns the folder of the product's go.mod, or the product's folder if
// there is none that can be read.
func (p *Product) moduleRoot() string {
	if found, err := findModule(p.Dir); err == nil {
		return found.root
	}
	return p.Dir
}

// importPath returns the import path of a folder of the product. Empty elements are
// left out.
func (m module) importPath(elements ...string) string {
	path := m.prefix
	for _, element := range elements {
		if element != "" {
			path += "/" + element
		}
	}
	return path
}

// resolve finds the workspace and the vendor folder that the go command uses for the
// module. It returns an error for a module that can't be built.
func (m *module) resolve(dir string, tools toolchain) error {
	if !m.own {
		return checkName(dir, m.path, tools)
	}
	vendorRoot := m.root
	if inWorkspace(tools.GOWORK, m.root) {
		m.workspace = tools.GOWORK
		vendorRoot = filepath.Dir(tools.GOWORK)
	}
	if _, err := os.Stat(filepath.Join(vendorRoot, "vendor", "modules.txt")); err == nil {
		m.vendored = true
	}
	if m.path == origin.Path || m.workspace != "" {
		return nil
	}
	return m.checkRequirement()
}

// inWorkspace reports whether the go.work file uses the module in folder root.
func inWorkspace(file, root string) bool {
	if file == "" || file == "off" {
		return false
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	work, err := modfile.ParseWork(file, content, nil)
	if err != nil {
		return false
	}
	for _, use := range work.Use {
		used := filepath.FromSlash(use.Path)
		if !filepath.IsAbs(used) {
			used = filepath.Join(filepath.Dir(file), used)
		}
		if realPath(used) == root {
			return true
		}
	}
	return false
}

// checkRequirement returns an error if go.mod does not require apiphant.
func (m module) checkRequirement() error {
	name := filepath.Join(m.root, "go.mod")
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	file, err := modfile.ParseLax(name, content, nil)
	if err != nil {
		return err
	}
	for _, require := range file.Require {
		if require.Mod.Path == origin.Path {
			return nil
		}
	}
	return fmt.Errorf("%s doesn't require %s. Run\n\n%s", shortPath(name), origin.Path, m.commands(requireCommand()))
}

// commands returns the lines to type in a shell to complete the module: a cd to its
// folder, the commands given, and those that tidy the module and its vendor folder.
func (m module) commands(commands ...string) string {
	if here := shortPath(m.root); here != "." {
		commands = append([]string{"cd " + quote(here)}, commands...)
	}
	commands = append(commands, "go mod tidy")
	if m.vendored {
		commands = append(commands, "go mod vendor")
	}
	return "\t" + strings.Join(commands, "\n\t")
}

// quote returns a path quoted for a shell where that is needed.
func quote(path string) string {
	if strings.ContainsAny(path, " \t'\"$&;()*?[]<>|\\`#~!") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// checkName returns an error if a product's folder has a name that its module can't
// have: it is no valid import path, or other packages have it.
func checkName(dir, name string, tools toolchain) error {
	advice := fmt.Sprintf("rename the folder, or give the product a go.mod with another name:\n\n%s",
		module{root: dir}.commands("go mod init example.com/myproduct", requireCommand()))
	if err := modpath.CheckImportPath(name); err != nil {
		return fmt.Errorf("%s: without a go.mod the product's module is named as its folder, and %q can't be (%w): %s",
			shortPath(dir), name, err, advice)
	}
	if taken := takenName(name, tools); taken != "" {
		return fmt.Errorf("%s: without a go.mod the product's module is named as its folder, and %q is %s: %s",
			shortPath(dir), name, taken, advice)
	}
	return nil
}

// takenName returns what else has the name, or "" if the name is free.
func takenName(name string, tools toolchain) string {
	switch name {
	case "all", "std", "cmd", "tool", "work", "main":
		return "a word of the go command's"
	}
	if _, err := os.Stat(filepath.Join(tools.GOROOT, "src", name)); err == nil {
		return "a package of the standard library"
	}
	if from, err := origin.Find(); err == nil { // the build reports an error
		requirements, _ := from.Requirements()
		for _, require := range requirements {
			if strings.HasPrefix(require.Mod.Path, name+"/") {
				return "the beginning of other modules' names"
			}
		}
	}
	return ""
}

// checkImports returns an error if a product without a go.mod imports other modules.
// Those that apiphant itself requires would compile, but in a version that the user
// did not choose.
func (p *Product) checkImports() error {
	var wrong problems
	for _, found := range p.foreignImports() {
		wrong.add(found.position, "imports %s", found.text)
	}
	if err := wrong.err(); err != nil {
		return fmt.Errorf("%w\n\nWithout a go.mod a product can import the standard library, apiphant and itself. For other modules run\n\n%s",
			err, p.module.commands("go mod init "+p.module.path, requireCommand()))
	}
	return nil
}

// keepTool is the command that adds a tool line to a go.mod that requires apiphant.
// Without that line, go mod tidy and go mod vendor remove the modules that only the
// generated main imports.
const keepTool = "go mod edit -tool=" + origin.Command

// requireCommand returns the command that adds a requirement of apiphant and the tool
// line to a go.mod: the version or the checkout that this program was built of.
func requireCommand() string {
	from, err := origin.Find()
	switch {
	case err != nil:
		return "go get -tool " + origin.Command + "@latest"
	case from.Folder != "":
		return "go mod edit -require=" + origin.Path + "@v0.0.0 -replace=" + quote(origin.Path+"="+from.Folder) + " -tool=" + origin.Command
	}
	return "go get -tool " + origin.Command + "@" + from.Version
}
