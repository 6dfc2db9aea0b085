//go:build unix

package product

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long nothing must have changed for a change to count: saving is
// several events, and switching a branch very many.
const quiet = 100 * time.Millisecond

// watcher watches what a product is built from.
type watcher struct {
	changes chan struct{} // a change since the last receive
	sources *sources
	events  *fsnotify.Watcher // nil: it looks every poll
	added   map[string]bool   // the folders that events come from
	end     chan struct{}
	ended   chan struct{}
}

// Watch returns a channel that receives after one of the product's files was saved, until
// ctx ends. Where poll is not 0, it looks at the files that often, for systems on which no
// events of files come.
func (p *Product) Watch(ctx context.Context, poll time.Duration) (<-chan struct{}, error) {
	w, err := watch(p.Dir, p.moduleRoot(), poll)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, w.close)
	return w.changes, nil
}

// watch begins to watch the sources of the product in folder dir, whose module is in
// root. Where poll is not 0, it looks at them that often, for systems on which no
// events come.
func watch(dir, root string, poll time.Duration) (*watcher, error) {
	w := &watcher{
		changes: make(chan struct{}, 1),
		sources: findSources(dir, root),
		added:   map[string]bool{},
		end:     make(chan struct{}),
		ended:   make(chan struct{}),
	}
	if poll > 0 {
		go w.poll(poll)
		return w, nil
	}
	var err error
	if w.events, err = fsnotify.NewWatcher(); err == nil {
		err = w.add()
	}
	if err != nil {
		if w.events != nil {
			w.events.Close()
		}
		return nil, fmt.Errorf("%w: --reload-poll 1s looks at the files in place of waiting for events", err)
	}
	go w.run()
	return w, nil
}

// close ends the watching.
func (w *watcher) close() {
	close(w.end)
	<-w.ended
	if w.events != nil {
		w.events.Close()
	}
}

// add lets events come from all folders that matter. What vanishes meanwhile is no
// error.
func (w *watcher) add() error {
	watched := w.sources.watched()
	for folder := range watched {
		if w.added[folder] {
			continue
		}
		if err := w.events.Add(folder); err != nil && !os.IsNotExist(err) {
			return err
		}
		w.added[folder] = true
	}
	maps.DeleteFunc(w.added, func(folder string, _ bool) bool { return !isFolder(folder) }) // may come again
	return nil
}

func (w *watcher) run() {
	defer close(w.ended)
	settled := time.NewTimer(quiet)
	settled.Stop()
	for {
		select {
		case event, ok := <-w.events.Events:
			if ok && w.matters(event) {
				settled.Reset(quiet)
			}
		case _, ok := <-w.events.Errors:
			if ok {
				settled.Reset(quiet) // events were lost: look
			}
		case <-settled.C:
			w.sources = findSources(w.sources.dir, w.sources.root)
			_ = w.add()
			w.tell()
		case <-w.end:
			return
		}
	}
}

func (w *watcher) tell() {
	select {
	case w.changes <- struct{}{}:
	default:
	}
}

// matters reports whether an event can change the program. A new folder is watched
// from then on.
func (w *watcher) matters(event fsnotify.Event) bool {
	switch path := event.Name; {
	case event.Op == fsnotify.Chmod:
		return false
	case w.sources.folders[path]: // a folder that came, or has gone
		return true
	case w.sources.matters(path):
		return true
	case !w.sources.folders[filepath.Dir(path)] || ignoredFolder(filepath.Base(path)):
		return false
	default:
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() {
			return false
		}
		w.sources.addTree(path)
		_ = w.add()
		return true
	}
}

// poll looks at the sources until close.
func (w *watcher) poll(every time.Duration) {
	defer close(w.ended)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for seen := w.snapshot(); ; {
		select {
		case <-tick.C:
		case <-w.end:
			return
		}
		w.sources = findSources(w.sources.dir, w.sources.root)
		if now := w.snapshot(); !maps.Equal(seen, now) {
			seen = now
			w.tell()
		}
	}
}

// state is what of a file changes when it is saved.
type state struct {
	size     int64
	modified time.Time
}

// snapshot returns the state of all files that matter.
func (w *watcher) snapshot() map[string]state {
	found := map[string]state{}
	for folder := range w.sources.watched() {
		entries, _ := os.ReadDir(folder)
		for _, entry := range entries {
			path := filepath.Join(folder, entry.Name())
			if !w.sources.matters(path) {
				continue
			}
			if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeDir == 0 {
				found[path] = state{info.Size(), info.ModTime()}
			}
		}
	}
	return found
}
