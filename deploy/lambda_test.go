package deploy_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apiphant/apiphant/deploy"
)

// A zip for AWS Lambda has one file that can be run, and nothing that differs between two
// of the same program.
func TestWriteLambda(t *testing.T) {
	dir := t.TempDir()
	var zips [2][]byte
	for i := range zips {
		program, output := filepath.Join(dir, "program"+string(rune('0'+i))), filepath.Join(dir, "f.zip")
		if err := os.WriteFile(program, []byte("the program"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := deploy.WriteLambda(program, output); err != nil {
			t.Fatal(err)
		}
		var err error
		if zips[i], err = os.ReadFile(output); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("two zips of the same program differ")
	}
	read, err := zip.NewReader(bytes.NewReader(zips[0]), int64(len(zips[0])))
	if err != nil || len(read.File) != 1 || read.File[0].Name != "bootstrap" || read.File[0].Mode() != 0o755 {
		t.Fatalf("got %+v, %v", read, err)
	}
	file, err := read.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(file); err != nil || string(content) != "the program" {
		t.Errorf("got %q, %v", content, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "f.zip*"))
	if err != nil || len(left) != 1 {
		t.Errorf("got the files %v, %v", left, err)
	}
	if err := deploy.WriteLambda(filepath.Join(dir, "none"), filepath.Join(dir, "f.zip")); err == nil {
		t.Error("a program that is not there is no error")
	}
}
