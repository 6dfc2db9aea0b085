package product

import (
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// nearVersion is what a folder is called that was probably meant as a version.
var nearVersion = regexp.MustCompile(`^[vV][0-9]`)

// otherActions are names of actions in other frameworks.
var otherActions = []string{"List", "Search", "Get", "Find", "Query", "Index", "Show", "Post", "Put", "Patch", "Insert", "Add", "Remove", "Destroy"}

// otherTags are the keys of tags by which other frameworks check fields.
var otherTags = []string{"binding", "validate"}

// warn adds something that is allowed, and probably not what was meant.
func (s *survey) warn(position token.Position, format string, values ...any) {
	s.warnings.add(position, format, values...)
}

// warnOfFolder looks at a folder of api that has no part in the table.
func (s *survey) warnOfFolder(name string) {
	if nearVersion.MatchString(name) {
		s.warn(token.Position{Filename: filepath.Join(s.dir, name)},
			"is no version, so nothing below it is served: call it v and digits, such as v1")
	}
}

// warnOfRoom looks at a package in a folder with a door of its own, which declares none
// of the functions that the door calls.
func (s *survey) warnOfRoom(path string, room *room, declared declarations) {
	if room.door == "" || len(declared.names) == 0 {
		return
	}
	s.warn(token.Position{Filename: filepath.Join(s.dir, path)}, "declares none of the functions that are called there: want one of %s",
		strings.Join(room.names(), ", "))
}

// warnOfLink looks at an entry that is no folder itself.
func (s *survey) warnOfLink(dir string, entry fs.DirEntry) {
	path := filepath.Join(dir, entry.Name())
	if entry.Type()&fs.ModeSymlink == 0 {
		return
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		s.warn(token.Position{Filename: path}, "is a symbolic link to a folder, which the go command doesn't follow, so nothing there is served: move the folder here")
	}
}

// warnOfFile looks at a file of a target's package.
func (s *survey) warnOfFile(folder string, file *ast.File) {
	if first, _, below := strings.Cut(folder, "/"); !below || !version.MatchString(first) {
		return
	}
	hasActions := slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv == nil && f.Name.Name == "Actions"
	})
	imports := fileImports(file)
	read := roomOf(s.table, targetFolder).function("Read")
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if node.Recv != nil || hasActions || !slices.Contains(otherActions, node.Name.Name) {
				break
			}
			if _, ok := read.adapterOf(imports.signature(node.Type)); ok {
				s.warn(s.position(node.Name), "%s is not served: only Create, Read, Update and Delete are; give it one of these names, in a folder of its own if need be, or a small letter if it is not meant to be", node.Name.Name)
			}
		case *ast.Field:
			s.warnOfTag(node)
		}
		return true
	})
}

func (s *survey) warnOfTag(field *ast.Field) {
	if field.Tag == nil {
		return
	}
	text, _ := strconv.Unquote(field.Tag.Value)
	for _, key := range otherTags {
		if value, ok := reflect.StructTag(text).Lookup(key); ok {
			s.warn(s.position(field.Tag), `the tag %s:%q is not looked at: write required:"true", minimum, maxLength, pattern, enum, format and the like, as docs/protocol.md lists them`, key, value)
		}
	}
}
