package serve_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLogFileThatDoesNotOpen takes a FIFO that nobody reads, and a file whose open(2)
// hangs, as it does on a disk that does not answer: here somebody has a lease on it.
func TestLogFileThatDoesNotOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, nil, "127.0.0.1:0", "--log-file", path)
	p.log.await(`can't open the log file: open .*/log: no such device or address: it is a FIFO that nobody reads; start its reader first`)
	if err := p.wait(); err == nil {
		t.Error("it ended with 0")
	}

	reader, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	p = startProcess(t, nil, "127.0.0.1:0", "--log-file", path)
	p.signal(syscall.SIGTERM)
	p.log.awaitEnd()
	text := make([]byte, 4096)
	if n, err := reader.Read(text); err != nil || !strings.Contains(string(text[:n]), "is serving") {
		t.Errorf("the FIFO has %q, %v", text[:n], err)
	}

	leased, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer leased.Close()
	if _, err := unix.FcntlInt(leased.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skip("no lease can be had:", err)
	}
	p = launch(t, nil, "127.0.0.1:0", "--log-file", leased.Name())
	p.log.await(`^Waiting for the log file .*/log to open`)
	p.signal(syscall.SIGTERM)
	p.log.await(`can't open the log file: open .*/log: it had not opened when the program was told to end`)
	if err := p.wait(); err == nil {
		t.Error("it ended with 0")
	}
}
