//go:build unix

package product

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long nothing must have changed for a change to count: saving is
// several events, and switching a branch very many.
const quiet = 100 * time.Millisecond

// watcher watches a product's folder and its module's files.
type watcher struct {
	changes chan struct{} // a change since the last receive
	events  *fsnotify.Watcher
	dir     string
	root    string
	folders map[string]bool
	ended   chan struct{}
}

// watch begins to watch dir and all below it, and go.mod, go.sum and go.work in
// root.
func watch(dir, root string) (*watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &watcher{
		changes: make(chan struct{}, 1),
		events:  events,
		dir:     dir,
		root:    root,
		folders: map[string]bool{},
		ended:   make(chan struct{}),
	}
	if err = w.add(dir); err == nil {
		err = events.Add(root)
	}
	if err != nil {
		events.Close()
		return nil, err
	}
	go w.run()
	return w, nil
}

// close ends the watching.
func (w *watcher) close() {
	w.events.Close()
	<-w.ended
}

// add watches a folder and those below it. What vanishes meanwhile is no error.
func (w *watcher) add(folder string) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		if path != w.dir && ignoredFolder(entry.Name()) {
			return fs.SkipDir
		}
		if err := w.events.Add(path); err != nil && !os.IsNotExist(err) {
			return err
		}
		w.folders[path] = true
		return nil
	})
}

func ignoredFolder(name string) bool {
	return name[0] == '.' || name[0] == '_' || name == "testdata" || name == "vendor" || name == "node_modules"
}

func (w *watcher) run() {
	defer close(w.ended)
	settled := time.NewTimer(quiet)
	settled.Stop()
	for {
		select {
		case event, ok := <-w.events.Events:
			if !ok {
				return
			}
			if w.matters(event) {
				settled.Reset(quiet)
			}
		case _, ok := <-w.events.Errors:
			if !ok {
				return
			}
			settled.Reset(quiet) // events were lost: look
		case <-settled.C:
			select {
			case w.changes <- struct{}{}:
			default:
			}
		}
	}
}

// matters reports whether an event can change the program.
func (w *watcher) matters(event fsnotify.Event) bool {
	name := filepath.Base(event.Name)
	folder := filepath.Dir(event.Name)
	switch {
	case event.Op == fsnotify.Chmod:
		return false
	case folder == w.root && (name == "go.mod" || name == "go.sum" || name == "go.work"):
		return true
	case !w.folders[folder]: // in the module, but not in the product
		return false
	case w.folders[event.Name]: // a folder that has gone
		if event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename) {
			delete(w.folders, event.Name)
		}
		return true
	case strings.ContainsAny(name[:1], ".#_"), strings.HasSuffix(name, "~"), strings.HasSuffix(name, "_test.go"):
		return false
	case strings.HasSuffix(name, ".go"):
		return true
	}
	if info, err := os.Lstat(event.Name); err == nil && info.IsDir() {
		if ignoredFolder(name) {
			return false
		}
		_ = w.add(event.Name)
		return true
	}
	return w.embeds(folder)
}

// embeds reports whether a Go file in the folder or above it in the product
// embeds files: then those of any name matter. Others, such as a database that
// the program itself writes, don't.
func (w *watcher) embeds(folder string) bool {
	for {
		files, _ := filepath.Glob(filepath.Join(escapeGlob(folder), "*.go"))
		for _, file := range files {
			if content, err := os.ReadFile(file); err == nil && bytes.Contains(content, []byte("\n//go:embed ")) {
				return true
			}
		}
		if folder == w.dir || len(folder) <= len(w.dir) {
			return false
		}
		folder = filepath.Dir(folder)
	}
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
