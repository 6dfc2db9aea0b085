package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// target is something on the machine that a deployment creates.
type target struct {
	foreign error        // why what is there does not belong to the deployment; nil if it does, or if nothing is there
	hasForm bool         // what is there looks as deployments left it before they wrote marks
	mark    func() error // gives it the mark
}

// targets returns what the chosen parts create.
func (w *work) targets() (targets []target) {
	for _, piece := range w.pieces() {
		file := w.Target(piece)
		targets = append(targets, target{w.foreignFile(file), w.hasForm(piece), func() error { return w.markFile(file) }})
	}
	if w.manager != nil && w.User() != "" {
		targets = append(targets, target{w.foreignUser(), w.userHasForm(), w.markUser})
	}
	for _, folder := range w.folders() {
		targets = append(targets, target{w.foreignFolder(folder), w.folderHasForm(folder), func() error { return w.putMark(folder) }})
	}
	return targets
}

// pieces returns the files of the chosen parts.
func (w *work) pieces() (chosen []Piece) {
	for _, piece := range pieces {
		if slices.Contains(w.options.With, piece.Part) {
			chosen = append(chosen, piece)
		}
	}
	return chosen
}

// folders returns the folders of the deployment. Only the processes need the one for
// data.
func (w *work) folders() []string {
	folders := []string{w.HomeDir(), w.LogDir()}
	if w.manager != nil {
		folders = append(folders, w.DataDir())
	}
	return folders
}

// look looks at all that the deployment creates, before the first change. If anything
// there belongs to somebody else, look returns an error that names all of it. With
// [Options.Adopt] it returns what a version without marks deployed. Ports are looked at
// where the deployment may open them.
func (w *work) look(ctx context.Context, ports bool) (adopted []target, err error) {
	var foreign []error
	adoptable := false
	for _, target := range w.targets() {
		switch {
		case target.foreign == nil:
		case target.hasForm && w.options.Adopt:
			adopted = append(adopted, target)
		default:
			foreign = append(foreign, target.foreign)
			adoptable = adoptable || target.hasForm
		}
	}
	foreign = append(foreign, w.foreignLinks()...)
	foreign = append(foreign, w.foreignNames()...)
	if ports {
		foreign = append(foreign, w.foreignPorts(ctx)...)
	}
	if w.options.DryRun { // another user may not look everywhere
		foreign = slices.DeleteFunc(foreign, func(err error) bool { return errors.Is(err, fs.ErrPermission) })
	}
	if len(foreign) == 0 {
		return adopted, nil
	}
	return nil, w.refusal(foreign, adoptable)
}

func (w *work) refusal(foreign []error, adoptable bool) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s can't be deployed here, and nothing was changed, since these are not its own:\n", w.Name)
	for _, err := range foreign {
		fmt.Fprintf(&text, "\t%v\n", err)
	}
	fmt.Fprintf(&text, "Move them away, or set another NAME or other ports in %s", ConfFile)
	if adoptable {
		fmt.Fprintf(&text, ". If a version of apiphant that wrote no marks has deployed %s here, add --adopt once", w.Name)
	}
	return errors.New(text.String())
}

// foreignLinks returns what is wrong inside of the product's own folder: a deployment
// writes below releases, and replaces the links current and proven.
func (w *work) foreignLinks() (foreign []error) {
	if info, err := os.Lstat(w.releasesDir()); err == nil && !info.IsDir() {
		foreign = append(foreign, fmt.Errorf("%s is not a folder", w.releasesDir()))
	}
	for _, link := range []string{w.Current(), w.provenLink()} {
		if info, err := os.Lstat(link); err == nil && info.Mode()&fs.ModeSymlink == 0 {
			foreign = append(foreign, fmt.Errorf("%s is not a symbolic link", link))
		}
	}
	return foreign
}

// unitFolders are where systemd looks for units besides /etc/systemd/system. A unit there
// hides one of the same name in these folders.
var unitFolders = []string{"/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// foreignNames returns what has a name in the service manager that the deployment
// would use, in files that are not the deployment's.
func (w *work) foreignNames() (foreign []error) {
	switch {
	case w.manager == nil:
	case w.manager.name() == "supervisor":
		names := []string{regexp.QuoteMeta(w.Name)}
		for _, program := range w.Programs() {
			names = append(names, regexp.QuoteMeta(program.Name))
		}
		section := regexp.MustCompile(`(?m)^\[(group|program|eventlistener|fcgi-program):(` + strings.Join(names, "|") + `)\]`)
		files, _ := filepath.Glob(filepath.Dir(w.manager.target()) + "/*.conf")
		for _, file := range append(files, w.at("/etc/supervisor/supervisord.conf")) {
			content, _ := os.ReadFile(file)
			if found := section.Find(content); found != nil && file != w.manager.target() {
				foreign = append(foreign, fmt.Errorf("%s has a section %s", file, found))
			}
		}
	case w.manager.name() == "systemd":
		for _, piece := range w.pieces() {
			for _, folder := range unitFolders {
				if file := filepath.Join(folder, filepath.Base(w.Target(piece))); piece.Part == "systemd" && exists(file) {
					foreign = append(foreign, fmt.Errorf("%s is a unit of the same name", file))
					break
				}
			}
		}
	}
	return foreign
}
