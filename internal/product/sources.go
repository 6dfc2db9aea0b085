package product

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/apiphant/apiphant/internal/origin"
)

// sources are what a product is built from, as go/build sees it.
type sources struct {
	dir      string            // the product's folder
	root     string            // that of its module
	modules  map[string]string // the folders of modules that are on this machine, by path
	context  build.Context
	folders  map[string]bool // of packages, and all others in the product: a file there may matter
	embeds   map[string]bool // those of folders whose package embeds files
	trees    map[string]bool // embedded folders, and all below them: any file there matters
	files    map[string]bool // what else is embedded
	targets  map[string]bool // what symbolic links among the sources lead to
	packages map[string]bool // folders whose package was looked at
}

// findSources finds the sources of the product in folder dir, whose module is in
// root: its own packages, and those that they import from the same module or from
// one that go.mod replaces by a folder. What can't be read is left out: the build
// says why.
func findSources(dir, root string) *sources {
	s := &sources{
		dir: dir, root: root, modules: localModules(root), context: build.Default,
		folders: map[string]bool{}, embeds: map[string]bool{}, trees: map[string]bool{},
		files: map[string]bool{}, targets: map[string]bool{}, packages: map[string]bool{},
	}
	s.context.CgoEnabled = false
	s.addTree(dir)
	for _, name := range moduleFiles {
		s.addTarget(filepath.Join(root, name))
	}
	return s
}

// moduleFiles are the files of a module that decide what is built.
var moduleFiles = [...]string{"go.mod", "go.sum", "go.work"}

// localModules returns the folders of the module in root and of those by whose
// folders it replaces others.
func localModules(root string) map[string]string {
	name := filepath.Join(root, "go.mod")
	content, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	file, err := modfile.ParseLax(name, content, nil)
	if err != nil || file.Module == nil {
		return nil
	}
	modules := map[string]string{file.Module.Mod.Path: root}
	for _, replace := range file.Replace {
		if replace.New.Version != "" {
			continue
		}
		folder := filepath.FromSlash(replace.New.Path)
		if !filepath.IsAbs(folder) {
			folder = filepath.Join(root, folder)
		}
		modules[replace.Old.Path] = folder
	}
	return modules
}

// addTree adds a folder of the product and all below it.
func (s *sources) addTree(folder string) {
	_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case entry.IsDir() && path != s.dir && ignoredFolder(entry.Name()):
			return fs.SkipDir
		case entry.IsDir():
			s.folders[path] = true
			s.addPackage(path)
		}
		return nil
	})
}

// addPackage adds the package in a folder, what it embeds, and what it imports.
func (s *sources) addPackage(folder string) {
	if s.packages[folder] {
		return
	}
	s.packages[folder], s.folders[folder] = true, true
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".go") {
			s.addTarget(filepath.Join(folder, entry.Name()))
		}
	}
	found, _ := s.context.ImportDir(folder, 0) // has what it could read, also with an error
	if found == nil {
		return
	}
	for _, pattern := range found.EmbedPatterns {
		s.embeds[folder] = true
		s.addEmbedded(folder, strings.TrimPrefix(pattern, "all:"))
	}
	for _, path := range found.Imports {
		if imported := s.folderOf(path); imported != "" {
			s.addPackage(imported)
		}
	}
}

func (s *sources) addEmbedded(folder, pattern string) {
	matches, _ := filepath.Glob(filepath.Join(escapeGlob(folder), filepath.FromSlash(pattern)))
	for _, match := range matches {
		if !isFolder(match) {
			s.files[match] = true
			continue
		}
		_ = filepath.WalkDir(match, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				s.trees[path] = true
			}
			return nil
		})
	}
}

// addTarget adds what a file leads to, if it is a symbolic link.
func (s *sources) addTarget(file string) {
	info, err := os.Lstat(file)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return
	}
	if target, err := filepath.EvalSymlinks(file); err == nil {
		s.targets[target] = true
	}
}

// folderOf returns the folder of a package whose module is on this machine, "" for
// others. Of modules within each other, the inner one has it.
func (s *sources) folderOf(path string) string {
	longest := ""
	for module := range s.modules {
		if (path == module || strings.HasPrefix(path, module+"/")) && len(module) > len(longest) {
			longest = module
		}
	}
	if longest == "" || longest == origin.Path {
		return ""
	}
	return filepath.Join(s.modules[longest], filepath.FromSlash(strings.TrimPrefix(path, longest)))
}

// watched returns the folders in which something may change that matters.
func (s *sources) watched() map[string]bool {
	all := map[string]bool{s.root: true}
	for _, folders := range []map[string]bool{s.folders, s.trees} {
		for folder := range folders {
			all[folder] = true
		}
	}
	for _, files := range []map[string]bool{s.files, s.targets} {
		for file := range files {
			all[filepath.Dir(file)] = true
		}
	}
	return all
}

// matters reports whether the program may change with a file: one of any name where
// files are embedded, but not others, such as a database that the program writes.
func (s *sources) matters(path string) bool {
	name, folder := filepath.Base(path), filepath.Dir(path)
	switch {
	case s.targets[path], s.files[path], s.trees[folder]:
		return true
	case folder == s.root && (name == moduleFiles[0] || name == moduleFiles[1] || name == moduleFiles[2]):
		return true
	case !s.folders[folder]: // in the module, but not built
		return false
	case strings.ContainsAny(name[:1], ".#_"), strings.HasSuffix(name, "~"), strings.HasSuffix(name, "_test.go"):
		return false
	case strings.HasSuffix(name, ".go"):
		return true
	}
	for above := folder; ; above = filepath.Dir(above) { // a new file may match a pattern
		if s.embeds[above] {
			return true
		}
		if above == s.dir || len(above) <= len(s.dir) {
			return false
		}
	}
}

func ignoredFolder(name string) bool {
	return name[0] == '.' || name[0] == '_' || name == "testdata" || name == "vendor" || name == "node_modules"
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
