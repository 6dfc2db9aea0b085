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
	"strconv"
	"strings"
	"time"
)

// Debian is what a package says of itself.
type Debian struct {
	Version      string
	Architecture string // as Debian and Go call it: "amd64"

	time      time.Time // of every file in it
	Kilobytes int64     // of them all, as installed
}

var (
	debianName    = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)
	debianVersion = regexp.MustCompile(`^([0-9]+:)?[0-9][A-Za-z0-9.+~]*(-[A-Za-z0-9.+~]+)*$`)
)

// ErrNoDpkg is what a machine is told that can't write packages.
var ErrNoDpkg = errors.New("dpkg-deb not found, which writes the package: apt-get install dpkg, or brew install dpkg")

// NewDebian checks what is asked for. The version "" is 0~ and the time, as in
// 0~20260102150405, which comes before any other. The time of a package is that of
// SOURCE_DATE_EPOCH, of the product's last commit, or now: from the same source
// and time comes the same package, to the byte.
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

// Maintainer is who Debian's own tools would name, or the webmaster of the domain.
func (d *Deployment) Maintainer() string {
	return fmt.Sprintf("%s <%s>", cmp.Or(os.Getenv("DEBFULLNAME"), d.Name), cmp.Or(os.Getenv("DEBEMAIL"), "webmaster@"+d.Domain))
}

// Date is in the form of a changelog.
func (p *Debian) Date() string { return p.time.Format(time.RFC1123Z) }

// Package writes the package with a built program to a file, or into a folder
// under the name that Debian gives it, and returns which file.
func (d *Deployment) Package(ctx context.Context, debian *Debian, binary, output string) (file string, err error) {
	if !debianName.MatchString(d.Name) {
		return "", fmt.Errorf("a package can't be named %q: Debian wants two characters or more", d.Name)
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
	temp := output + underway
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

// writeTree writes all that is in the package below a folder.
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
	t.mkdir(d.LogDir())
	t.copyAll(filepath.Join(d.product, "public"), d.PublicDir())
	t.write("/etc/default/"+d.Name, 0o644)(d.renderOwn("deploy/debian/default.tmpl"))
	t.write(doc+"/copyright", 0o644)(d.renderOwn("deploy/debian/copyright.tmpl"))
	changelog, err := d.renderOwn("deploy/debian/changelog.tmpl")
	t.write(doc+"/changelog.gz", 0o644)(zip(changelog), err)

	d.Debian.Kilobytes = (t.bytes + 1023) / 1024
	t.write("/DEBIAN/conffiles", 0o644)(fmt.Appendf(nil, "/etc/default/%s\n/etc/logrotate.d/%[1]s\n", d.Name), nil)
	t.write("/DEBIAN/control", 0o644)(d.renderOwn("deploy/debian/control.tmpl"))
	for _, script := range []string{"preinst", "postinst", "prerm", "postrm"} {
		t.write("/DEBIAN/"+script, 0o755)(d.renderOwn("deploy/debian/" + script + ".tmpl"))
	}
	return errors.Join(t.err, t.date(d.Debian.time))
}

// packageTree is a folder that becomes a package. What fails first is its err.
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

// copyAll copies a folder where there is one.
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

// mkdir makes a folder and those above it, none of which depends on the umask.
func (t *packageTree) mkdir(name string) {
	folder := t.dir
	for _, element := range strings.Split(name, "/") {
		folder = filepath.Join(folder, element)
		t.err = cmp.Or(t.err, makeFolder(folder))
	}
}

// date gives every file the package's time.
func (t *packageTree) date(at time.Time) error {
	return filepath.WalkDir(t.dir, func(file string, _ fs.DirEntry, err error) error {
		return cmp.Or(err, os.Chtimes(file, at, at))
	})
}

// zip leaves out name and time.
func zip(content []byte) []byte {
	var zipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	_, _ = w.Write(content)
	_ = w.Close()
	return zipped.Bytes()
}
