package product

import (
	"cmp"
	"go/build"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	modpath "golang.org/x/mod/module"
)

// version is the name of a version's folder.
var version = regexp.MustCompile(`^v[0-9]+$`)

// The functions that a folder may give, by what the folder is.
var (
	actionNames = []string{"Create", "Read", "Update", "Delete"}
	apiNames    = []string{"Start", "Stop", "Middleware"}
	targetNames = append([]string{"Middleware", "Actions"}, actionNames...)
	background  = []string{"Tasks", "Jobs", "Engines", "OnError"}
)

// found is what a scan finds.
type found struct {
	packages   []Package
	background *Package
}

// survey walks the folders of one product.
type survey struct {
	dir     string // the product's api folder
	context build.Context
	files   *token.FileSet
	found
	problems
	routes map[string]string // path in lower case → path
}

// scan finds what is to be registered below dir/api. Symbolic links to folders
// are not followed, as the go command doesn't follow them.
func scan(dir string, context build.Context) (found, error) {
	s := &survey{
		dir:     filepath.Join(dir, "api"),
		context: context,
		files:   token.NewFileSet(),
		routes:  map[string]string{},
	}
	s.api()
	if err := s.err(); err != nil {
		return found{}, err
	}
	if !slices.ContainsFunc(s.packages, Package.isTarget) && s.background == nil {
		s.add(token.Position{Filename: s.dir}, "nothing to serve: write a function Create, Read, Update or Delete "+
			"in a folder below a version, such as %s; or, to run in the background, Tasks or Jobs in %s",
			filepath.Join(shortPath(s.dir), "v0", "echo", "echo.go"), filepath.Join(shortPath(s.dir), "background", "background.go"))
		s.shapes = true
		return found{}, s.err()
	}
	slices.SortFunc(s.packages, func(a, b Package) int { return comparePaths(a.Path, b.Path) })
	name(s.packages)
	if s.background != nil {
		s.background.Alias = "api_background"
	}
	return s.found, nil
}

func (p Package) isTarget() bool {
	return slices.ContainsFunc(p.Functions, Function.isAction)
}

func (f Function) isAction() bool { return f.Name == "Actions" || f.Adapter != "" }

// api looks at package api itself and goes into its versions.
func (s *survey) api() {
	declared := s.declarations("", apiNames)
	s.register("", declared, apiNames)
	for _, entry := range s.folders("") {
		switch {
		case version.MatchString(entry):
			s.version(entry)
		case entry == "background":
			s.inBackground(entry)
		}
	}
}

// inBackground looks at package background, which is no target.
func (s *survey) inBackground(folder string) {
	before := len(s.packages)
	s.register(folder, s.declarations(folder, background), background)
	if len(s.packages) > before {
		s.background = &Package{Path: folder, Functions: s.packages[before].Functions}
		s.packages = s.packages[:before]
	}
}

// version looks at a version's own package and goes into its targets.
func (s *survey) version(folder string) {
	declared := s.declarations(folder, targetNames)
	for _, name := range targetNames[1:] {
		if d, ok := declared.functions[name]; ok {
			s.add(d.position, "%s is directly in version %s, where it has no target: move it into a folder of its own, such as api/%s/echo",
				name, folder, folder)
		}
	}
	s.register(folder, declared, []string{"Middleware"})
	s.below(folder)
}

// below goes into the folders that can be targets, to any depth.
func (s *survey) below(folder string) {
	for _, name := range s.folders(folder) {
		if name == "internal" || name == "testdata" || name == "vendor" || name[0] == '_' || name[0] == '.' {
			continue
		}
		target := path.Join(folder, name)
		s.register(target, s.declarations(target, targetNames), targetNames)
		s.below(target)
	}
}

// register adds the package at path, if it declares one of these names.
func (s *survey) register(path string, declared declarations, names []string) {
	p := Package{Path: path}
	for _, name := range names {
		d, ok := declared.functions[name]
		if !ok {
			continue
		}
		if adapter, ok := s.check(d); ok {
			p.Functions = append(p.Functions, Function{Name: name, Adapter: adapter, File: d.position.Filename, Line: d.position.Line})
		}
	}
	if actions := p.Function("Actions"); actions != nil {
		for _, name := range actionNames {
			if p.Function(name) != nil {
				s.add(token.Position{Filename: actions.File, Line: actions.Line},
					"Actions and %s in one package: which of them is to be served? Remove one, or put %[1]s's function into Actions", name)
				break
			}
		}
	}
	if len(declared.functions) == 0 {
		return
	}
	if s.checkPackage(path, declared) && len(p.Functions) > 0 {
		s.packages = append(s.packages, p)
	}
}

// checkPackage reports whether a main can import the package and a request
// reach it.
func (s *survey) checkPackage(path string, declared declarations) bool {
	before := len(s.list)
	first := declared.names[0]
	if first.name == "main" {
		s.add(first.position, "package main can't be imported: give it a name, such as package %s", packageName(path))
	}
	for _, other := range declared.names[1:] {
		s.add(other.position, "package %s and package %s (%s) in one folder: a folder is one package, and one route",
			other.name, first.name, filepath.Base(first.position.Filename))
	}
	folder := token.Position{Filename: filepath.Join(s.dir, filepath.FromSlash(path))}
	for element := range strings.SplitSeq(path, "/") {
		if element != "" && modpath.CheckImportPath(element) != nil {
			s.add(folder, "%q can't be part of a route and an import path: rename the folder, using letters, digits, - and _", element)
		}
	}
	lower := strings.ToLower(path)
	if other, ok := s.routes[lower]; ok {
		s.add(folder, "differs from %s in letter case only: rename one of the two folders", "api/"+other)
	}
	s.routes[lower] = path
	return len(s.list) == before
}

// folders returns the names of the folders in a folder, sorted.
func (s *survey) folders(folder string) []string {
	dir := filepath.Join(s.dir, filepath.FromSlash(folder))
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.add(token.Position{Filename: dir}, "%v", err)
	}
	var names []string
	for _, entry := range entries {
		switch {
		case entry.IsDir():
			names = append(names, entry.Name())
		case entry.Name() == "go.mod":
			s.add(token.Position{Filename: filepath.Join(dir, "go.mod")}, "a module of its own below api can't be part of the product: remove this go.mod")
		}
	}
	return names
}

// comparePaths puts a package before those below it, keeps a tree together, and
// puts v2 before v10.
func comparePaths(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "/"), strings.Split(b, "/"), func(a, b string) int {
		if version.MatchString(a) && version.MatchString(b) {
			x, _ := strconv.Atoi(a[1:])
			y, _ := strconv.Atoi(b[1:])
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9_]`)

// name gives each package the name by which the main calls it, made of its path.
func name(packages []Package) {
	taken := map[string]bool{}
	for i := range packages {
		alias := "api"
		if packages[i].Path != "" {
			alias = notInName.ReplaceAllString(packages[i].Path, "_")
		}
		for n, base := 2, alias; taken[alias]; n++ {
			alias = base + "_" + strconv.Itoa(n)
		}
		taken[alias] = true
		packages[i].Alias = alias
	}
}

// packageName returns a name for the package in folder path.
func packageName(folder string) string {
	if folder == "" {
		return "api"
	}
	return strings.TrimLeft(strings.ToLower(notInName.ReplaceAllString(path.Base(folder), "")), "0123456789_")
}
