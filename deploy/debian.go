package deploy

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Debian describes a Debian package.
type Debian struct {
	Version      string
	Architecture string // "amd64" or "arm64", the names of both Debian and Go

	time      time.Time // the modification time of every file
	Kilobytes int64     // the installed size
}

var (
	debianName    = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)
	debianVersion = regexp.MustCompile(`^([0-9]+:)?[0-9][A-Za-z0-9.+~]*(-[A-Za-z0-9.+~]+)*$`)
)

// ErrNoDpkg is the error of a machine without dpkg-deb.
var ErrNoDpkg = errors.New("dpkg-deb not found, which writes the package: run apt-get install dpkg, or brew install dpkg")

// NewDebian checks the version, and that dpkg-deb is installed. The default version
// is 0~ and the time, such as 0~20260102150405, which sorts before any other. The
// time is that of SOURCE_DATE_EPOCH, or of the product's last commit, or the present:
// packages of the same source and time are equal to the byte.
func NewDebian(ctx context.Context, product, version, architecture string) (*Debian, error) {
	at, err := sourceTime(ctx, product)
	if err != nil {
		return nil, err
	}
	p := &Debian{Version: cmp.Or(version, "0~"+at.Format("20060102150405")), Architecture: architecture, time: at}
	if !debianVersion.MatchString(p.Version) {
		return nil, fmt.Errorf("--version %s: want a version that begins with a digit and has letters, digits and .+~-, such as 1.2.0", version)
	}
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		return nil, ErrNoDpkg
	}
	return p, nil
}

func sourceTime(ctx context.Context, product string) (time.Time, error) {
	epoch, given := os.LookupEnv("SOURCE_DATE_EPOCH")
	if !given {
		commit := exec.CommandContext(ctx, "git", "log", "-1", "--format=%ct", "--", ".")
		commit.Dir = product
		said, _ := commit.Output()
		epoch = strings.TrimSpace(string(said))
	}
	if epoch == "" {
		return time.Now().UTC().Truncate(time.Second), nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q: want seconds since 1970", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// Maintainer returns the name and address in DEBFULLNAME and DEBEMAIL, as Debian's
// tools do. The defaults are the product's name and the webmaster of its domain.
func (d *Deployment) Maintainer() string {
	return fmt.Sprintf("%s <%s>", cmp.Or(os.Getenv("DEBFULLNAME"), d.Name), cmp.Or(os.Getenv("DEBEMAIL"), "webmaster@"+d.Domain))
}

// Date returns the package's time in the format of a Debian changelog.
func (p *Debian) Date() string { return p.time.Format(time.RFC1123Z) }

// Package writes a package with a built program. If output is a folder, the file
// gets the name that Debian gives it. Package returns the file.
func (d *Deployment) Package(ctx context.Context, debian *Debian, binary, output string) (file string, err error) {
	if !debianName.MatchString(d.Name) {
		return "", fmt.Errorf("a package can't be named %q: Debian requires two characters or more", d.Name)
	}
	packaged := *d
	packaged.Root, packaged.Debian = "", debian
	name := fmt.Sprintf("%s_%s_%s.deb", d.Name, debian.Version[strings.IndexByte(debian.Version, ':')+1:], debian.Architecture)
	output = cmp.Or(output, ".")
	if info, err := os.Stat(output); err == nil && info.IsDir() {
		output = filepath.Join(output, name)
	}
	dir, err := os.MkdirTemp("", "apiphant-package-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	tree := filepath.Join(dir, "tree")
	if err := packaged.writeTree(tree, binary); err != nil {
		return "", err
	}
	built := filepath.Join(dir, name)
	if err := packaged.runDpkg(ctx, tree, built); err != nil {
		return "", err
	}
	temp := output + tempSuffix
	defer os.Remove(temp)
	if err := copyFile(built, temp, 0o644); err != nil {
		return "", err
	}
	return output, os.Rename(temp, output)
}

func (d *Deployment) runDpkg(ctx context.Context, tree, file string) error {
	command := exec.CommandContext(ctx, "dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, file)
	command.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(d.Debian.time.Unix(), 10))
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("dpkg-deb: %w\n%s", err, bytes.TrimSpace(said))
	}
	return nil
}

// writeTree writes the files of the package below a folder.
func (d *Deployment) writeTree(tree, binary string) error {
	doc := "/usr/share/doc/" + d.Name
	t := &packageTree{dir: tree}
	t.copy(binary, d.Program(), 0o755)
	for _, piece := range pieces {
		switch {
		case piece.Part == "systemd" && (d.Background || piece.Name != "systemd-background"):
			t.write("/usr/lib/systemd/system/"+path.Base(d.Target(piece)), 0o644)(d.Render(piece))
		case piece.Name == "nginx":
			t.write(doc+"/examples/nginx.conf", 0o644)(d.Render(piece))
		case piece.Name == "logrotate":
			t.write(d.Target(piece), 0o644)(d.Render(piece))
		}
	}
	t.copyAll(filepath.Join(d.product, "public"), d.PublicDir())
	settings, err := d.renderOwn("deploy/debian/default.tmpl")
	t.write("/etc/default/"+d.Name, 0o644)(append([]byte(d.header()), settings...), err)
	t.write(doc+"/copyright", 0o644)(d.renderOwn("deploy/debian/copyright.tmpl"))
	changelog, err := d.renderOwn("deploy/debian/changelog.tmpl")
	t.write(doc+"/changelog.gz", 0o644)(zip(changelog), err)

	d.Debian.Kilobytes = (t.bytes + 1023) / 1024
	t.write("/DEBIAN/conffiles", 0o644)(fmt.Appendf(nil, "/etc/default/%s\n/etc/logrotate.d/%[1]s\n", d.Name), nil)
	t.write("/DEBIAN/control", 0o644)(d.renderOwn("deploy/debian/control.tmpl"))
	t.write("/DEBIAN/prerm", 0o755)(d.renderOwn("deploy/debian/prerm.tmpl"))
	for _, script := range []string{"preinst", "postinst", "postrm"} {
		t.write("/DEBIAN/"+script, 0o755)(d.renderScript(script))
	}
	return errors.Join(t.err, t.date(d.Debian.time))
}

// renderScript returns a script of the package. The functions before it tell what belongs
// to the product.
func (d *Deployment) renderScript(name string) ([]byte, error) {
	functions, err := d.renderOwn("deploy/debian/own.tmpl")
	if err != nil {
		return nil, err
	}
	script, err := d.renderOwn("deploy/debian/" + name + ".tmpl")
	return slices.Concat([]byte("#!/bin/sh\n"), functions, script), err
}

// packageTree is the folder that dpkg-deb packs. After the first error, which it
// keeps in err, its methods do nothing.
type packageTree struct {
	dir   string
	bytes int64
	err   error
}

func (t *packageTree) write(name string, mode fs.FileMode) func(content []byte, err error) {
	return func(content []byte, err error) {
		t.mkdir(path.Dir(name))
		if t.err = cmp.Or(t.err, err); t.err != nil {
			return
		}
		file := filepath.Join(t.dir, filepath.FromSlash(name))
		t.bytes += int64(len(content))
		t.err = cmp.Or(os.WriteFile(file, content, mode), os.Chmod(file, mode))
	}
}

func (t *packageTree) copy(from, name string, mode fs.FileMode) {
	t.write(name, mode)(os.ReadFile(from))
}

// copyAll copies a folder, if it exists.
func (t *packageTree) copyAll(from, name string) {
	err := filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inside, err := filepath.Rel(from, file)
		t.copy(file, path.Join(name, filepath.ToSlash(inside)), 0o644)
		return err
	})
	if !errors.Is(err, fs.ErrNotExist) {
		t.err = cmp.Or(t.err, err)
	}
}

// mkdir creates a folder and its parents with a mode that the umask does not change.
func (t *packageTree) mkdir(name string) {
	folder := t.dir
	for _, element := range strings.Split(name, "/") {
		folder = filepath.Join(folder, element)
		t.err = cmp.Or(t.err, makeFolder(folder))
	}
}

// date sets the modification time of every file.
func (t *packageTree) date(at time.Time) error {
	return filepath.WalkDir(t.dir, func(file string, _ fs.DirEntry, err error) error {
		return cmp.Or(err, os.Chtimes(file, at, at))
	})
}

// zip compresses without a file name and a time, which would differ between runs.
func zip(content []byte) []byte {
	var zipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	_, _ = w.Write(content)
	_ = w.Close()
	return zipped.Bytes()
}
