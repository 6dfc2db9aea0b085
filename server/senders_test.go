package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// fileSenders are clients of other makers, which post a form with the text "title" and
// the file FILE to URL, and print the answer.
func fileSenders() map[string][]string {
	return map[string][]string{
		"curl": {"curl", "--silent", "--form", "title=Sea", "--form", "file=@FILE;type=image/png", "URL"},
		"requests": {"python3", "-c", `
import requests
print(requests.post("URL", data={"title": "Sea"}, files={"file": ("FILE", open("FILE", "rb"), "image/png")}).text, end="")`},
		"fetch": {"node", "-e", `(async () => {
	const form = new FormData()
	form.append("title", "Sea")
	form.append("file", new Blob([require("fs").readFileSync("FILE")], {type: "image/png"}), "FILE")
	process.stdout.write(await (await fetch("URL", {method: "POST", body: form})).text())
})()`},
	}
}

// TestFileSenders: other clients send files, small and large, directly and behind nginx.
func TestFileSenders(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a dozen programs")
	}
	api := echo()
	api.Handle("v0/photos", apiphant.Actions{Create: apiphant.Func(func(_ context.Context, p struct {
		Title string        `json:"title" required:"true"`
		File  apiphant.File `json:"file" required:"true" contentType:"image/png"`
	}) (apiphant.Object, error) {
		r, err := p.File.Open()
		if err != nil {
			return nil, err
		}
		hash := sha256.New()
		_, err = io.Copy(hash, r)
		return apiphant.Object{"seen": fmt.Sprintf("%s %s %s %d %x", p.Title, p.File.Name, p.File.Detected, p.File.Size, hash.Sum(nil))}, err
	})})
	running := start(t, api, &server.Server{})
	for name, address := range map[string]func(*testing.T) string{
		"directly":     func(*testing.T) string { return running.address },
		"behind nginx": func(t *testing.T) string { return startNginx(t, running.address) },
	} {
		t.Run(name, func(t *testing.T) {
			url := "http://" + address(t) + "/api/v0/photos/create"
			for name, command := range fileSenders() {
				t.Run(name, func(t *testing.T) {
					if command[0] == "python3" && exec.Command("python3", "-c", "import requests").Run() != nil {
						t.Skip("Python's requests is not installed")
					}
					for _, size := range []int{100, 3 << 20} {
						sendFile(t, command, url, size)
					}
				})
			}
		})
	}
}

func sendFile(t *testing.T, command []string, url string, size int) {
	t.Helper()
	content := append([]byte("\x89PNG\x0D\x0A\x1A\x0A"), bytes.Repeat([]byte("\r\n--x"), size/5)...)
	file := filepath.Join(t.TempDir(), "sea shore.png")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		t.Skip(command[0] + " is not installed")
	}
	arguments := make([]string, len(command)-1)
	for i, argument := range command[1:] {
		arguments[i] = strings.NewReplacer("FILE", file, "URL", url).Replace(argument)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	sender := exec.CommandContext(ctx, program, arguments...)
	sender.Stderr = os.Stderr
	got, err := sender.Output()
	want := fmt.Sprintf(`{"seen":"Sea sea shore.png image/png %d %x"}`, len(content), sha256.Sum256(content))
	if err != nil || string(got) != want {
		t.Errorf("%d bytes: got %s and %v, want %s", len(content), got, err, want)
	}
}
