package product

import (
	"cmp"
	"fmt"
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

// found is what a scan finds.
type found struct {
	packages []Package
	doors    []Package
	warned   []string
}

// survey walks the folders of one product.
type survey struct {
	dir     string // the product's api folder
	context build.Context
	table   []room
	files   *token.FileSet
	found
	problems
	warnings problems
	routes   map[string]string // path in lower case → path
}

// scan finds what the product in dir declares of the table. Symbolic links to
// folders are not followed, as the go command doesn't follow them.
func scan(dir string, context build.Context, table []room) (found, error) {
	s := &survey{
		dir:     filepath.Join(dir, apiFolder),
		context: context,
		table:   table,
		files:   token.NewFileSet(),
		routes:  map[string]string{},
	}
	s.api()
	if err := s.err(); err != nil {
		return found{}, err
	}
	if !slices.ContainsFunc(s.packages, Package.isTarget) && len(s.doors) == 0 {
		s.add(token.Position{Filename: s.dir}, "nothing to serve: write a function Create, Read, Update or Delete "+
			"in a folder below a version, such as %s%s", filepath.Join(shortPath(s.dir), "v0", "echo", "echo.go"), s.hints())
		s.shapes = true
		return found{}, s.err()
	}
	slices.SortFunc(s.packages, func(a, b Package) int { return comparePaths(a.Path, b.Path) })
	name(s.packages)
	for i := range s.doors {
		s.doors[i].Alias = "api_" + notInName.ReplaceAllString(s.doors[i].Path, "_")
	}
	if s.warnings.err() != nil { // sorts them
		s.warned = strings.Split(s.warnings.Error(), "\n")
	}
	return s.found, nil
}

// hints tells what a product can have instead of targets.
func (s *survey) hints() (text string) {
	for _, room := range s.table {
		if room.hint != "" {
			folder := strings.TrimPrefix(room.folder, apiFolder+"/")
			text += fmt.Sprintf("; or, %s in %s", room.hint, filepath.Join(shortPath(s.dir), folder, path.Base(folder)+".go"))
		}
	}
	return text
}

func (p Package) isTarget() bool {
	return slices.ContainsFunc(p.Functions, Function.isAction)
}

func (f Function) isAction() bool { return f.Name == "Actions" || f.Adapter != "" }

// api looks at package api itself and goes into its versions and other rooms.
func (s *survey) api() {
	s.register("", roomOf(s.table, apiFolder))
	for _, entry := range s.folders("") {
		if version.MatchString(entry) {
			s.version(entry)
		} else if room := roomOf(s.table, apiFolder+"/"+entry); room != nil {
			s.register(entry, room)
		} else {
			s.warnOfFolder(entry)
		}
	}
}

// version looks at a version's own package and goes into its targets.
func (s *survey) version(folder string) {
	own, target := roomOf(s.table, versionFolder), roomOf(s.table, targetFolder)
	declared := s.register(folder, own)
	for _, function := range target.functions {
		if d, ok := declared.functions[function.name]; ok && own.function(function.name) == nil {
			s.add(d.position, "%s is directly in version %s, where it has no target: move it into a folder of its own, such as api/%s/echo",
				d.name, folder, folder)
		}
	}
	s.below(folder)
}

// below goes into the folders that can be targets, to any depth.
func (s *survey) below(folder string) {
	for _, name := range s.folders(folder) {
		if name == "internal" || name == "testdata" || name == "vendor" || name[0] == '_' || name[0] == '.' {
			continue
		}
		target := path.Join(folder, name)
		s.register(target, roomOf(s.table, targetFolder))
		s.below(target)
	}
}

// register reads the package at path and adds it, if it declares a function of
// its room. It returns all declarations of a name in the table.
func (s *survey) register(path string, room *room) declarations {
	declared := s.declarations(path, namesOf(s.table))
	p := Package{Path: path, door: room.door, isAsked: room.isAsked}
	any := false
	for i := range room.functions {
		want := &room.functions[i]
		d, ok := declared.functions[want.name]
		if !ok {
			continue
		}
		any = true
		if adapter, ok := s.check(d, want); ok {
			p.Functions = append(p.Functions, Function{
				Name: want.name, Adapter: adapter, File: d.position.Filename, Line: d.position.Line,
				statement: want.statement, needs: want.needs,
			})
		}
	}
	s.checkActions(&p)
	if !any {
		s.warnOfRoom(path, room, declared)
	}
	switch {
	case !any || !s.checkPackage(path, declared) || len(p.Functions) == 0:
	case p.door != "":
		s.doors = append(s.doors, p)
	default:
		s.packages = append(s.packages, p)
	}
	return declared
}

// checkActions refuses a package with both Actions and a function that is an
// action.
func (s *survey) checkActions(p *Package) {
	actions := p.Function("Actions")
	if actions == nil {
		return
	}
	for _, f := range p.Functions {
		if f.Adapter != "" {
			s.add(token.Position{Filename: actions.File, Line: actions.Line},
				"Actions and %s in one package: which of them is to be served? Remove one, or put %[1]s's function into Actions", f.Name)
			return
		}
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
		case entry.Type()&os.ModeSymlink != 0:
			s.warnOfLink(dir, entry)
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
