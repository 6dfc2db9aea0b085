package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/templates"
)

// Piece is one configuration file of a deployment.
type Piece struct {
	Name string // "nginx"
	Part string // the part that it belongs to, as in --with: "nginx"
	File string // the template, relative to the product's folder
	Path string // the file on the machine; NAME stands for the product's name
}

var pieces = []Piece{
	{"supervisor", "supervisor", "supervisor/supervisor.conf.tmpl", "/etc/supervisor/conf.d/NAME.conf"},
	{"nginx", "nginx", "nginx/nginx.conf.tmpl", "/etc/nginx/conf.d/NAME.conf"},
	{"logrotate", "nginx", "nginx/logrotate/logrotate.conf.tmpl", "/etc/logrotate.d/NAME"},
	{"systemd-service", "systemd", "systemd/api.service.tmpl", "/etc/systemd/system/NAME@.service"},
	{"systemd-socket", "systemd", "systemd/api.socket.tmpl", "/etc/systemd/system/NAME@.socket"},
	{"systemd-background", "systemd", "systemd/background.service.tmpl", "/etc/systemd/system/NAME-background.service"},
	{"systemd-target", "systemd", "systemd/product.target.tmpl", "/etc/systemd/system/NAME.target"},
}

// Pieces returns all pieces.
func Pieces() []Piece { return append([]Piece(nil), pieces...) }

// FindPiece returns the piece of that name.
func FindPiece(name string) (Piece, error) {
	var names []string
	for _, piece := range pieces {
		if piece.Name == name {
			return piece, nil
		}
		names = append(names, piece.Name)
	}
	return Piece{}, fmt.Errorf("there is no piece %q: want one of %s", name, strings.Join(append(names, LambdaName), ", "))
}

// Target returns the file of a piece on the machine.
func (d *Deployment) Target(piece Piece) string {
	return d.at(strings.ReplaceAll(piece.Path, "NAME", d.Name))
}

// Render returns the content of a piece: the mark of the product's files, and what the
// template says. That is the product's own, or, if the product has none, the one that
// apiphant new writes.
func (d *Deployment) Render(piece Piece) ([]byte, error) {
	content, err := d.renderPiece(piece)
	if err != nil {
		return nil, err
	}
	return append([]byte(d.header()), content...), nil
}

func (d *Deployment) renderPiece(piece Piece) ([]byte, error) {
	file := filepath.Join(d.product, filepath.FromSlash(piece.File))
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return d.renderOwn(path.Join(templateName, piece.File))
	}
	if err != nil {
		return nil, err
	}
	return d.execute(file, content)
}

// renderOwn renders a template of package templates.
func (d *Deployment) renderOwn(file string) ([]byte, error) {
	content, err := templates.Files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return d.execute(file, rename(content, d.Name))
}

func (d *Deployment) execute(file string, content []byte) ([]byte, error) {
	t, err := template.New(file).Option("missingkey=error").Funcs(functions).Parse(string(content))
	if err != nil {
		return nil, err
	}
	var rendered bytes.Buffer
	if err := t.Execute(&rendered, d); err != nil {
		return nil, err
	}
	return rendered.Bytes(), nil
}

// functions are the functions of the templates.
var functions = template.FuncMap{
	// percent escapes text for supervisor, which expands %(…)s.
	"percent": func(text string) string { return strings.ReplaceAll(text, "%", "%%") },
	// seconds rounds up.
	"seconds": func(d time.Duration) int { return int(math.Ceil(d.Seconds())) },
	// nginxSize formats a size for nginx.
	"nginxSize": func(size command.Size) string {
		for _, unit := range []struct {
			bytes  command.Size
			letter string
		}{{1 << 30, "g"}, {1 << 20, "m"}, {1 << 10, "k"}} {
			if size%unit.bytes == 0 {
				return fmt.Sprintf("%d%s", size/unit.bytes, unit.letter)
			}
		}
		return fmt.Sprint(int64(size))
	},
}
