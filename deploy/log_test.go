//go:build unix

package deploy_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/apiphant/apiphant/deploy"
)

// A log is a file that not everybody may read. What stands in its place is not changed.
func TestMakeLog(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/old.log", "a line")
	write(t, dir+"/victim", "of somebody else")
	for _, name := range []string{"/old.log", "/victim"} {
		if err := os.Chmod(dir+name, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir+"/victim", dir+"/link.log"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(dir+"/fifo.log", 0o666); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"new.log", "old.log", "link.log"} {
		if err := deploy.MakeLog(dir + "/" + name); err != nil {
			t.Error(err)
		}
	}
	if err := deploy.MakeLog(dir + "/fifo.log"); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a FIFO: got the error %v", err)
	}
	for name, want := range map[string]os.FileMode{"new.log": 0o640, "old.log": 0o640, "victim": 0o666} {
		if info, err := os.Stat(dir + "/" + name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v (%v), want %v", name, info.Mode(), err, want)
		}
	}
	if read(t, dir+"/old.log") != "a line" {
		t.Error("the log of before is gone")
	}
}
