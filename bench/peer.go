package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// peer is a server that is measured.
type peer struct {
	name   string
	title  string
	module string   // the module whose version is printed
	path   string   // the path of the echo; "": echoPath
	flags  []string // after the address
	env    []string
	all    bool // only with -all

	// command returns the command that serves at an address, for servers that are
	// not programs in the folder peers. The error says why there is none.
	command func(l *lab, address string) (*exec.Cmd, error)
}

const echoPath = "/api/v0/echo/read"

// The servers that others are compared with.
var (
	limit   = peer{name: "limit", title: "static bytes on fasthttp, the limit", module: "github.com/valyala/fasthttp"}
	handMap = peer{name: "handmap", title: "fasthttp + go-json into a map, by hand", module: "github.com/goccy/go-json"}
	nethttp = peer{name: "nethttp", title: "net/http + encoding/json into a map"}
	fiber   = peer{name: "fiber", title: "fiber v3 + go-json into a map", module: "github.com/gofiber/fiber/v3"}

	object = apiphant("object", "/api/v0/echo/read")
	typed  = apiphant("typed", "/api/v1/echo/read")
	raw    = apiphant("raw", "/api/v2/echo/read")

	accessLog = variant("object, access log", "--access-log")
	lowMemory = variant("object, low memory", "--low-memory")
)

// peers returns the rows, in the order of the tables.
var peers = []peer{
	limit,
	{name: "handstruct", title: "fasthttp + go-json into a struct, by hand: pooled, no copies", module: "github.com/goccy/go-json"},
	handMap,
	typed, object, raw,
	fiber,
	nethttp,
	{name: "nethttpstruct", title: "net/http + encoding/json into a struct", all: true},
	{name: "gin", title: "gin", module: "github.com/gin-gonic/gin", all: true},
	{name: "huma", title: "huma on net/http", module: "github.com/danielgtaylor/huma/v2", all: true},
	{name: "gevent", title: "gevent.pywsgi + json (Python)", all: true, command: gevent},
	{name: "hertz", title: "hertz", module: "github.com/cloudwego/hertz", all: true},
	{name: "echo", title: "echo", module: "github.com/labstack/echo/v4", all: true},
	{name: "chi", title: "chi + encoding/json", module: "github.com/go-chi/chi/v5", all: true},
	{name: "connect", title: "connect (JSON, structpb)", module: "connectrpc.com/connect", all: true},
	{name: "twirp", title: "twirp (JSON, structpb)", module: "github.com/twitchtv/twirp", path: "/api/v0/bench.Echo/Read", all: true},
	{name: "fastify", title: "fastify (Node)", all: true, command: fastify},
}

// apiphant returns the built product with the default settings and metrics.
func apiphant(what, path string) peer {
	return peer{name: what, title: "**apiphant**, " + what, path: path, command: serveProduct}
}

// variant returns the row object with more flags.
func variant(what string, flags ...string) peer {
	return peer{name: what, title: "**apiphant**, " + what, flags: flags, command: serveProduct}
}

func serveProduct(l *lab, address string) (*exec.Cmd, error) {
	admin, err := freeAddress()
	return exec.Command(l.file("product"), "serve", address, "--admin", admin), err
}

// wide returns the product with a number of routes.
func wide(routes string) peer {
	return peer{
		name: "routes" + routes, title: "**apiphant**, object, number of routes: " + routes, env: []string{"ROUTES=" + routes},
		command: func(l *lab, address string) (*exec.Cmd, error) {
			return exec.Command(l.file("wide"), "serve", address), nil
		},
	}
}

// start returns the command of a peer.
func (p peer) start(l *lab, address string) (*exec.Cmd, error) {
	command := exec.Command(l.file(p.name), address)
	if p.command != nil {
		var err error
		if command, err = p.command(l, address); err != nil {
			return nil, err
		}
	}
	command.Args = append(command.Args, p.flags...)
	command.Env = append(environment(), p.env...)
	return command, nil
}

// environment returns the environment without variables that set flags of a server.
func environment() []string {
	var kept []string
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		if !strings.HasPrefix(name, "APIPHANT_") && !strings.HasPrefix(name, "LISTEN_") && !strings.HasPrefix(name, "GO") && name != "NOTIFY_SOCKET" {
			kept = append(kept, setting)
		}
	}
	return kept
}

// version returns the version of the peer's module.
func (p peer) version(l *lab) string {
	built, err := buildinfo.ReadFile(l.file(p.name))
	if err != nil {
		return ""
	}
	for _, module := range built.Deps {
		if module.Path == p.module {
			return module.Path + " " + module.Version
		}
	}
	return ""
}

// gevent returns the stack of the original, if Debian's python3-gevent is installed.
func gevent(_ *lab, address string) (*exec.Cmd, error) {
	if err := exec.Command("/usr/bin/python3", "-c", "import gevent").Run(); err != nil {
		return nil, errors.New("python3-gevent is not installed")
	}
	return exec.Command("/usr/bin/python3", "peers/gevent/server.py", address), nil
}

// fastify returns fastify, which npm installs once beside its package.json.
func fastify(l *lab, address string) (*exec.Cmd, error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s is not installed", program)
		}
	}
	if _, err := os.Stat("peers/fastify/node_modules"); err != nil {
		l.say("  installing fastify …")
		if out, err := exec.Command("npm", "ci", "--prefix", "peers/fastify", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("npm ci: %w: %.300s", err, out)
		}
	}
	return exec.Command("node", "peers/fastify/server.js", address), nil
}
