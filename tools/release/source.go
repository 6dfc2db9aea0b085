package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/zip"
)

const modulePath = "github.com/apiphant/apiphant"

// source is the commit that a release is built from.
type source struct {
	checkout string
	commit   string // the full hash
	version  string // the tag, or a pseudo-version where the commit has none
	time     time.Time
}

func readSource(ctx context.Context, checkout, revision string) (s source, err error) {
	if s.checkout, err = git(ctx, checkout, "rev-parse", "--show-toplevel"); err != nil {
		return s, err
	}
	if s.commit, err = git(ctx, checkout, "rev-parse", revision+"^{commit}"); err != nil {
		return s, err
	}
	committed, err := git(ctx, checkout, "log", "-1", "--format=%ct", s.commit)
	if err != nil {
		return s, err
	}
	seconds, err := strconv.ParseInt(committed, 10, 64)
	if err != nil {
		return s, err
	}
	s.time = time.Unix(seconds, 0).UTC()
	tags, err := git(ctx, checkout, "tag", "--points-at", s.commit)
	if err != nil {
		return s, err
	}
	s.version = versionOf(strings.Fields(tags), s.commit, s.time)
	return s, nil
}

// versionOf returns the highest of the tags that are versions, or the
// pseudo-version that the go command gives to such a commit.
func versionOf(tags []string, commit string, at time.Time) (version string) {
	for _, tag := range tags {
		if semver.IsValid(tag) && semver.Canonical(tag) == tag && semver.Compare(tag, version) > 0 {
			version = tag
		}
	}
	if version == "" {
		version = module.PseudoVersion("v0", "", at, commit[:12])
	}
	return version
}

// writeProxy writes a module proxy that has this one version
// (https://go.dev/ref/mod#goproxy-protocol). Its zip file is made of a clone, since
// zip.CreateFromVCS does not know git's worktrees.
func (s source) writeProxy(ctx context.Context, folder string) error {
	clone := filepath.Join(folder, "clone")
	if _, err := git(ctx, s.checkout, "clone", "--quiet", "--no-checkout", "--shared", s.checkout, clone); err != nil {
		return err
	}
	folder = filepath.Join(folder, filepath.FromSlash(modulePath), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	goMod, err := exec.CommandContext(ctx, "git", "-C", s.checkout, "show", s.commit+":go.mod").Output()
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{s.version, s.time})
	if err != nil {
		return err
	}
	archive, err := os.Create(filepath.Join(folder, s.version+".zip"))
	if err != nil {
		return err
	}
	err = zip.CreateFromVCS(archive, module.Version{Path: modulePath, Version: s.version}, clone, s.commit, "")
	return errors.Join(err, archive.Close(),
		os.WriteFile(filepath.Join(folder, "list"), []byte(s.version+"\n"), 0o644),
		os.WriteFile(filepath.Join(folder, s.version+".mod"), goMod, 0o644),
		os.WriteFile(filepath.Join(folder, s.version+".info"), info, 0o644))
}

func git(ctx context.Context, folder string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...)
	said, err := command.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, exit.Stderr)
	}
	return strings.TrimSpace(string(said)), err
}
