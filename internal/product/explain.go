package product

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/apiphant/apiphant/internal/origin"
)

// place is where a message of the compiler begins: a file, a line, a column.
var place = regexp.MustCompile(`^(.+?\.go)(:\d+(?::\d+)?: )(.*)$`)

// lacking is what the go command says where a module is not there.
var lacking = regexp.MustCompile(`no required module provides package|missing go\.sum entry|cannot find module providing package|` +
	`updates to go\.mod needed|inconsistent vendoring|is explicitly required in go\.mod, but not marked`)

// noLookup is what it says of the same where -mod is given; without, it adds how
// to get the module.
var noLookup = regexp.MustCompile(`cannot find module providing package (\S+): import lookup disabled by -mod=readonly`)

// importedByMain is how it begins to tell of a cycle.
var importedByMain = regexp.MustCompile(`package \S+/apiphant_main_*\n\timports (\S+) from \S+`)

// refusedImport is how it begins to tell of an import that is not allowed; the
// file and line follow.
var refusedImport = regexp.MustCompile(`package \S+/apiphant_main_*\n(?:\timports \S+\n)+\t`)

// explain makes messages of the go command, run in the product's folder with
// the main in folder main, those that the user should see: files relative to the
// working directory, no package headings, and what to type where the module
// lacks something that only the generated main needs.
func (p *Product) explain(messages, main string) string {
	var lines []string
	messages = refusedImport.ReplaceAllString(messages, "")
	messages = importedByMain.ReplaceAllString(messages, "package $1")
	messages = noLookup.ReplaceAllString(messages, "no required module provides package $1; to add it:\n\tgo get $1")
	for line := range strings.Lines(strings.TrimSpace(messages)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "# ") {
			continue
		}
		if at := place.FindStringSubmatch(line); at != nil {
			file := filepath.FromSlash(at[1])
			if !filepath.IsAbs(file) {
				file = filepath.Join(p.Dir, file)
			}
			if filepath.Base(filepath.Dir(file)) == main {
				line = at[3] // nobody can look there
			} else {
				line = shortPath(file) + at[2] + at[3]
			}
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "\n")
	if p.module.own && p.module.path != origin.Path && lacking.MatchString(text) && strings.Contains(text, origin.Path) {
		first, _, _ := strings.Cut(lines[0], "; to add")
		return fmt.Sprintf("%s lacks what only the generated main needs:\n\n%s\n\nA tool line keeps it there. Run\n\n%s",
			shortPath(filepath.Join(p.module.root, "go.mod")), first, p.module.commands(keepTool))
	}
	return text
}
