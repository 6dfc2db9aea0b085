package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const nginxConfiguration = `daemon off;
master_process off;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	keepalive_requests 1000000;
	upstream product {
		server %[2]s max_fails=0; # one that restarts is not to be left out when the other one does
		server %[3]s max_fails=0;
		keepalive 32;
	}
	server {
		listen %[4]s;
		location / {
			proxy_pass http://product;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
		}
	}
}
`

func restartBehindNginx(ctx context.Context, lab *lab) ([]row, error) {
	var processes [2]*process
	for i := range processes {
		p, err := lab.serve(ctx)
		if err != nil {
			return nil, err
		}
		processes[i] = p
	}
	front, err := lab.nginx(ctx, processes[0].address, processes[1].address)
	if err != nil {
		return nil, err
	}
	tally, err := under(ctx, front.address, 2*restartTimes, func(i int) (err error) {
		address := processes[i%2].address
		if err := processes[i%2].terminate(ctx); err != nil {
			return err
		}
		processes[i%2], err = lab.serveAt(ctx, address, nil)
		return err
	})
	return lossless(fmt.Sprintf("behind nginx, two processes %d times each", restartTimes), tally), err
}

// nginx starts an nginx in front of two servers.
func (l *lab) nginx(ctx context.Context, first, second string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(l.folder, "nginx-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfiguration, folder, first, second, address), 0o644); err != nil {
		return nil, err
	}
	p, err := l.start(exec.Command("nginx", "-p", folder, "-c", file))
	if err != nil {
		return nil, err
	}
	p.address = address
	return p, await(ctx, startTimeout, func() error { return call(address, echoPath, echoBody, nil) })
}
