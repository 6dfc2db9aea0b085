package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// front is what a deployment changes at nginx: the site's configuration and that of
// logrotate. Everything can be put back.
type front struct {
	nginx
	site, rotation replaced
	started        bool // nginx did not run before
	loading        bool // nginx was told to load the site
}

// content renders a piece, and returns the file that it is for.
func (f *front) content(name string) (file string, content []byte, err error) {
	piece, err := FindPiece(name)
	if err != nil {
		return "", nil, err
	}
	content, err = f.Render(piece)
	return f.Target(piece), content, err
}

// isInstalled reports whether nginx's configuration is the one that a deployment would
// write.
func (f *front) isInstalled() (bool, error) {
	file, content, err := f.content("nginx")
	if err != nil {
		return false, err
	}
	have, err := os.ReadFile(file)
	return err == nil && bytes.Equal(have, content), nil
}

// test lets nginx and logrotate read the new configurations, before anything is
// changed.
func (f *front) test(ctx context.Context) (string, error) {
	if err := f.prepareRoot(); err != nil {
		return "", err
	}
	file, content, err := f.content("nginx")
	if err != nil {
		return "", err
	}
	if err := f.try(ctx, file, content); err != nil {
		return "", err
	}
	if _, content, err = f.content("logrotate"); err != nil {
		return "", err
	}
	if err := checkLogrotate(ctx, content); err != nil && !errors.Is(err, errNotInstalled) {
		return "", fmt.Errorf("logrotate: %w", err)
	}
	return "accepted", nil
}

// install writes the site's configuration, lets nginx load it, or starts nginx, and
// returns when the workers of the new configuration are there. An nginx that has it
// already is not reloaded.
func (f *front) install(ctx context.Context) (outcome string, err error) {
	file, content, err := f.content("nginx")
	if err != nil {
		return "", err
	}
	if f.site, err = replace(file, content); err != nil {
		return "", err
	}
	switch {
	case f.master() == 0:
		f.started = true
		outcome, err = "started", f.start(ctx)
	case !f.site.changed && f.hasLoaded(file):
		outcome = "up to date"
	default:
		f.loading = true
		outcome, err = "reloaded", f.reload(ctx)
	}
	if err != nil {
		return "", err
	}
	return outcome, f.mustListen(content)
}

// installLogrotate writes logrotate's configuration.
func (f *front) installLogrotate(context.Context) (string, error) {
	file, content, err := f.content("logrotate")
	if err != nil {
		return "", err
	}
	f.rotation, err = replace(file, content)
	if !f.rotation.changed {
		return "up to date", err
	}
	return "written", err
}

// mustListen returns an error if another program than nginx listens at an address of
// LISTEN or TLS_LISTEN that the configuration has.
func (f *front) mustListen(content []byte) error {
	have, known := f.listening()
	if !known {
		return nil
	}
	for _, address := range slices.Concat(f.Listen, f.TLSListen) {
		port, _ := strconv.ParseUint(address[strings.LastIndex(address, ":")+1:], 10, 16)
		has := func(end string) bool { return strings.Contains(string(content), "listen "+address+end) }
		if (has(";") || has(" ")) && !slices.Contains(have, uint16(port)) {
			return fmt.Errorf("nginx has loaded %s, but does not listen at %s", f.site.name, address)
		}
	}
	return nil
}

// putBack restores the files that were there before, and lets nginx load them. An
// nginx that was started is stopped.
func (f *front) putBack(ctx context.Context) error {
	if err := errors.Join(f.site.putBack(), f.rotation.putBack()); err != nil {
		return err
	}
	running := f.master() != 0
	f.site.changed, f.rotation.changed = false, false
	var err error
	switch {
	case f.started && running:
		_, err = f.command(ctx, "-s", "quit")
	case f.loading && running:
		err = f.reload(ctx)
	}
	f.started, f.loading = false, false
	if err != nil {
		return fmt.Errorf("nginx could not return to its configuration before: %w", err)
	}
	return nil
}
