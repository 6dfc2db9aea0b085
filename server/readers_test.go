package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/server"
)

// streamReader is a client of another maker, which prints the rows of %s as they come,
// and ends with an error where the answer is broken off.
type streamReader struct {
	name    string
	needs   []string // a command that succeeds where the client is there
	command []string
}

func streamReaders() []streamReader {
	return []streamReader{
		{"curl", []string{"curl", "--version"}, []string{"curl", "--silent", "--no-buffer", "--data", "{}", "%s"}},
		{"requests", []string{"python3", "-c", "import requests"}, []string{"python3", "-c", `
import requests
with requests.post("%s", json={}, stream=True) as answer:
    for line in answer.iter_lines(chunk_size=1):
        print(line.decode(), flush=True)`}},
		{"fetch", []string{"node", "-e", "fetch"}, []string{"node", "-e", `(async () => {
	const answer = await fetch("%s", {method: "POST", body: "{}"})
	for await (const part of answer.body) process.stdout.write(part)
})()`}},
	}
}

// TestStreamReaders: other clients get each row while the function waits for them to have it,
// and know that an answer was broken off; also behind nginx, as it is deployed.
func TestStreamReaders(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a dozen programs")
	}
	goOn := make(chan error)
	running := start(t, rows(func(ctx context.Context, yield func(row, error) bool) {
		for n := range 2 {
			yield(row{N: n + 1}, nil)
			select {
			case err := <-goOn:
				if err != nil {
					yield(row{}, err)
				}
			case <-ctx.Done():
			}
		}
	}), &server.Server{})
	for name, address := range map[string]func(*testing.T) string{
		"directly":     func(*testing.T) string { return running.address },
		"behind nginx": func(t *testing.T) string { return startNginx(t, running.address) },
	} {
		t.Run(name, func(t *testing.T) {
			url := "http://" + address(t) + "/api/v0/rows/read"
			for _, reader := range streamReaders() {
				t.Run(reader.name, func(t *testing.T) {
					if err := exec.Command(reader.needs[0], reader.needs[1:]...).Run(); err != nil {
						t.Skipf("%s is not installed: %v", strings.Join(reader.needs, " "), err)
					}
					for _, fails := range []error{nil, errors.New("on purpose")} {
						readRows(t, reader.command, url, goOn, fails)
					}
				})
			}
		})
	}
}

func readRows(t *testing.T, command []string, url string, goOn chan<- error, fails error) {
	t.Helper()
	arguments := append([]string(nil), command[1:]...)
	arguments[len(arguments)-1] = strings.Replace(arguments[len(arguments)-1], "%s", url, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	reader := exec.CommandContext(ctx, command[0], arguments...)
	out, err := reader.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for n := range 2 {
		want := fmt.Sprintf("{\"n\":%d}\n", n+1)
		if line, err := lines.ReadString('\n'); err != nil || line != want {
			t.Fatalf("got %q and %v while the function waits, want %s", line, err, want)
		}
		var end error
		if n == 1 {
			end = fails
		}
		select {
		case goOn <- end:
		case <-ctx.Done():
			t.Fatal("the function does not wait")
		}
	}
	want := ""
	if fails != nil {
		want = "{\"error\":\"500 Internal Server Error\"}\n"
	}
	if rest, err := io.ReadAll(lines); err != nil || string(rest) != want {
		t.Errorf("got %q and %v at the end, want %q", rest, err, want)
	}
	if err := reader.Wait(); (err != nil) != (fails != nil) {
		t.Errorf("the client ended with %v, and the function with %v", err, fails)
	}
}

// startNginx returns the address of an nginx in front of a server, with those lines of
// templates/myproduct/nginx that streams and files depend on.
func startNginx(t *testing.T, upstream string) (address string) {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		if nginx, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Skip("nginx is not installed")
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = free.Addr().String()
	free.Close()
	dir := t.TempDir()
	user := "" // of the workers, who keep large bodies in dir
	if os.Getuid() == 0 {
		user = "user root;"
	}
	config := fmt.Sprintf(`
%s
daemon off;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	client_max_body_size 1g;
	map $http_upgrade $connection_upgrade {
		default "";
		websocket upgrade;
	}
	server {
		listen %s;
		location /api/ {
			proxy_pass http://%s;
			proxy_http_version 1.1;
			proxy_set_header Connection $connection_upgrade;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Host $http_host;
			proxy_next_upstream error timeout;
		}
	}
}`, user, address, upstream)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(nginx, "-p", dir, "-c", "nginx.conf", "-e", "stderr")
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	for deadline := time.Now().Add(patience); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return address
		}
		if time.Now().After(deadline) {
			t.Fatalf("nginx does not listen: %v", err)
		}
	}
}
