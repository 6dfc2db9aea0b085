//go:build unix

package serve_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// nginxConfig is nginx in front of two processes, %[1]s and %[2]s, at %[3]s.
//
// What matters for restarts:
//   - keepalive_timeout of the upstream is shorter than the drain window: an idle
//     connection is then closed by nginx, which knows that it is idle, and never
//     by the process, in the moment in which nginx sends the next request on it.
//     That request, a POST, could not be repeated: 502.
//   - max_fails=0: a process that refuses for a moment is not taken for dead for
//     the next 10 s, in which the other one is restarted.
//   - proxy_next_upstream does not say non_idempotent: only what was not sent is
//     sent elsewhere.
const nginxConfig = `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	upstream product {
		server %[1]s max_fails=0;
		server %[2]s max_fails=0;
		keepalive 64;
		keepalive_timeout 200ms;
	}
	server {
		listen %[3]s;
		keepalive_requests 1000000;
		location / {
			proxy_pass http://product;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			proxy_next_upstream error timeout;
			proxy_connect_timeout 3s;
		}
	}
}
`

// startNginx returns the address of an nginx in front of two processes.
func startNginx(t *testing.T, processes [2]string) (address string) {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		if nginx, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Skip("nginx is not installed")
		}
	}
	dir, address := t.TempDir(), freeAddress(t)
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, processes[0], processes[1], address), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(nginx, "-p", dir, "-c", config, "-e", "stderr")
	log := newProcessLog(t)
	command.Stderr = log.in
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	log.in.Close()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		if t.Failed() {
			t.Logf("nginx's log:\n%s", log)
		}
	})
	await(t, "nginx listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return address
}

// TestBehindNginx: two processes are restarted under load, one after the other,
// by SIGHUP and by being ended and started anew, without a request that fails.
func TestBehindNginx(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	args := []string{"", "--drain-window", "500ms"}
	addresses := [2]string{freeAddress(t), freeAddress(t)}
	address := startNginx(t, addresses)
	start := func(i int) *process {
		return startProcess(t, nil, append([]string{addresses[i]}, args[1:]...)...)
	}
	processes := [2]*process{start(0), start(1)}
	clients := ask(address)
	for i := range processes {
		clients.await(t)
		processes[i].succeed()
		if err := processes[i].wait(); err != nil {
			t.Error(err)
		}
	}
	for i := range processes {
		clients.await(t)
		processes[i].signal(syscall.SIGTERM)
		processes[i].log.awaitEnd()
		clients.await(t) // with the other one alone
		processes[i] = start(i)
	}
	clients.await(t)
	clients.stop(t)
	for _, p := range processes {
		p.signal(syscall.SIGTERM)
		p.log.awaitEnd()
	}
}
