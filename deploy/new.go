package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/apiphant/apiphant/internal/origin"
	"github.com/apiphant/apiphant/templates"
)

const (
	templateName = "myproduct" // is replaced by the product's name
	templatePath = origin.Path + "/templates/" + templateName
)

// New creates a product in a new or empty folder, and writes to w what it did and
// what to do next. The folder's name is the product's (see [CheckName]). The product
// is a Go module in which go vet, go test and go build work. If this program was
// built from a checkout, the product's go.mod has a replace directive for it.
func New(w io.Writer, folder string) error {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	name := filepath.Base(absolute)
	if err := CheckName(name); err != nil {
		return err
	}
	from, err := origin.Find()
	if err != nil {
		return err
	}
	if err := makeProduct(folder); err != nil {
		return err
	}
	if err := fill(folder, name); err != nil {
		return err
	}
	if err := writeModule(folder, name, from); err != nil {
		return err
	}
	announce(w, folder, from)
	return nil
}

// makeProduct creates the folder, or accepts an empty one.
func makeProduct(folder string) error {
	entries, err := os.ReadDir(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(folder, 0o777)
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s already exists and contains %s: nothing was written", folder, entries[0].Name())
	}
	return nil
}

// fill writes the files of the template with the product's name in them.
func fill(folder, name string) error {
	return fs.WalkDir(templates.Files, templateName, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := templates.Files.ReadFile(file)
		if err != nil {
			return err
		}
		target := filepath.Join(folder, filepath.FromSlash(strings.TrimPrefix(file, templateName+"/")))
		return write(target, rename(content, name))
	})
}

var templateWord = regexp.MustCompile(`\b` + templateName + `\b`)

// rename replaces the template's name and import path by the product's name.
func rename(content []byte, name string) []byte {
	content = bytes.ReplaceAll(content, []byte(templatePath), []byte(name))
	return templateWord.ReplaceAllLiteral(content, []byte(name))
}

func write(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	mode := os.FileMode(0o666)
	if path.Ext(file) == ".sh" {
		mode = 0o777
	}
	return os.WriteFile(file, content, mode)
}

func writeModule(folder, name string, from origin.Origin) error {
	goMod, goSum, err := from.ModuleFiles(name)
	if err != nil {
		return err
	}
	return errors.Join(
		write(filepath.Join(folder, "go.mod"), goMod),
		write(filepath.Join(folder, "go.sum"), goSum))
}

func announce(w io.Writer, folder string, from origin.Origin) {
	fmt.Fprintf(w, "Created the product %s.\n", folder)
	if from.Folder != "" {
		fmt.Fprintf(w, "Its go.mod has a replace directive, since this apiphant was built from a checkout:\n\n\t%s => %s\n",
			origin.Path, from.Folder)
	}
	fmt.Fprintf(w, "\nNext:\n\n\tcd %s\n\t./test.sh\n\tapiphant . 127.0.0.1:8001\n", folder)
}
