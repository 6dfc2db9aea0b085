package deploy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A release is a folder with the program and the files of public/. It never changes.
// The symbolic link "current" points to the live one.

// keepReleases is how many releases are kept besides the live one.
const keepReleases = 4

func (d *Deployment) releasesDir() string { return d.HomeDir() + "/releases" }

// live returns the folder of the live release, or "".
func (d *Deployment) live() string { return d.target(d.Current()) }

// proven returns the folder of the release with which a deployment came to its end last, or
// "". The live one may be what a deployment has left that was killed.
func (d *Deployment) proven() string {
	if release := d.target(d.provenLink()); exists(release) {
		return release
	}
	return ""
}

func (d *Deployment) provenLink() string { return d.HomeDir() + "/proven" }

// target returns the release that a symbolic link points to, or "".
func (d *Deployment) target(link string) string {
	target, err := os.Readlink(link)
	if err != nil {
		return ""
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(d.HomeDir(), target)
	}
	return target
}

// makeRelease writes a release and returns its folder. If the live release has the
// same files, it returns that one.
func (d *Deployment) makeRelease(ctx context.Context, options Options, withProgram bool) (folder string, err error) {
	staging, err := os.MkdirTemp(d.releasesDir(), ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(staging)
	if err := os.Chmod(staging, 0o755); err != nil {
		return "", err
	}
	if withProgram {
		if err := d.addProgram(ctx, filepath.Join(staging, d.Name), options); err != nil {
			return "", err
		}
	}
	if err := d.addPublic(filepath.Join(staging, "public")); err != nil {
		return "", err
	}
	if live := d.live(); live != "" && sameTree(staging, live) {
		return live, nil
	}
	stamp := time.Now().UTC().Format("20060102T150405Z")
	folder = filepath.Join(d.releasesDir(), stamp)
	for n := 2; exists(folder); n++ {
		folder = filepath.Join(d.releasesDir(), fmt.Sprintf("%s-%d", stamp, n))
	}
	return folder, os.Rename(staging, folder)
}

func (d *Deployment) addProgram(ctx context.Context, binary string, options Options) error {
	built, err := d.builtBinary(options)
	if err != nil {
		return err
	}
	if built != "" {
		err = copyFile(built, binary, 0o755)
	} else {
		err = options.Build(ctx, binary)
	}
	if err == nil {
		err = os.Chmod(binary, 0o755)
	}
	if err != nil {
		return err
	}
	if _, err := run(ctx, binary, "--version"); err != nil {
		return fmt.Errorf("it does not run here: %w", err)
	}
	return nil
}

func (d *Deployment) addPublic(folder string) error {
	public := filepath.Join(d.product, "public")
	if !exists(public) {
		return makeFolder(folder)
	}
	return copyTree(public, folder)
}

// builtBinary returns the file of a program that is already built, or "" if it must
// be built: the file of --binary, or without Go the one of apiphant deploy prepare.
func (d *Deployment) builtBinary(options Options) (string, error) {
	if options.Binary != "" {
		return options.Binary, nil
	}
	if options.Build != nil && find("go") != "" {
		return "", nil
	}
	prepared := filepath.Join(d.product, PreparedDir, d.Name)
	if !exists(prepared) {
		return "", fmt.Errorf("neither Go nor %s is here: run apiphant deploy prepare on a machine with Go and copy the folder, or name a built program with --binary FILE", prepared)
	}
	return prepared, nil
}

// PreparedDir is the folder of a product that holds what a machine without Go needs:
// the product's program and the apiphant command.
const PreparedDir = "dist"

// activate makes a release the live one. Programs that start from now on run it.
func (d *Deployment) activate(release string) error { return d.point(d.Current(), release) }

// point makes a symbolic link point to a release.
func (d *Deployment) point(link, release string) error {
	target, err := filepath.Rel(d.HomeDir(), release)
	if err != nil {
		return err
	}
	temp := link + tempSuffix
	_ = os.Remove(temp)
	if err := os.Symlink(target, temp); err != nil {
		return err
	}
	return os.Rename(temp, link)
}

// prune removes all releases but the newest and the live one.
func (d *Deployment) prune() error {
	entries, err := os.ReadDir(d.releasesDir())
	if err != nil {
		return err
	}
	var names []string
	live, proven := filepath.Base(d.live()), filepath.Base(d.proven())
	for _, entry := range entries {
		if entry.Name() != live && entry.Name() != proven {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	for _, name := range names[:max(0, len(names)-keepReleases)] {
		if err := os.RemoveAll(filepath.Join(d.releasesDir(), name)); err != nil {
			return err
		}
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// copyTree copies files and folders so that all users may read them. Symbolic links
// to files are followed; other links are skipped, since nginx would follow them to
// anywhere.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if entry.IsDir() {
			return makeFolder(target)
		}
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			return err
		}
		return copyFile(name, target, 0o644)
	})
}

// sameTree reports whether two folders have the same files with equal contents.
func sameTree(a, b string) bool {
	listed, err := listTree(a)
	if err != nil {
		return false
	}
	other, err := listTree(b)
	if err != nil || !slices.Equal(listed, other) {
		return false
	}
	for _, name := range listed {
		if strings.HasSuffix(name, "/") {
			continue
		}
		if !sameContent(filepath.Join(a, name), filepath.Join(b, name)) {
			return false
		}
	}
	return true
}

// sameContent reports whether two files can be read and have equal contents. It reads them
// in parts, since a program is large.
func sameContent(a, b string) bool {
	x, err := os.Open(a)
	if err != nil {
		return false
	}
	defer x.Close()
	y, err := os.Open(b)
	if err != nil {
		return false
	}
	defer y.Close()
	if one, err := x.Stat(); err != nil {
		return false
	} else if other, err := y.Stat(); err != nil || one.Size() != other.Size() {
		return false
	} else if os.SameFile(one, other) {
		return true
	}
	part, counterpart := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(x, part)
		m, _ := io.ReadFull(y, counterpart)
		if !bytes.Equal(part[:n], counterpart[:m]) {
			return false
		}
		if err != nil {
			return err == io.EOF || err == io.ErrUnexpectedEOF
		}
	}
}

// listTree lists the files and folders below a folder. Folders end with a slash.
func listTree(folder string) (names []string, err error) {
	err = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, name)
		if entry.IsDir() {
			rel += "/"
		}
		names = append(names, rel)
		return err
	})
	return names, err
}
