package deploy

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/server"
)

// Deployment is a product on a machine. It is the data of the templates.
type Deployment struct {
	Settings

	// Root is a folder that takes the place of the machine's /, or "". With a
	// root, nginx and supervisord are started for this deployment alone, as the
	// present user; no package, user or host name is added to the machine.
	Root string

	// Debian is the package that is being written, or nil.
	Debian *Debian

	product    string        // the product's folder
	bounds     bounds        // of the actions of the release that is being deployed
	shortWatch time.Duration // in place of watchTime, for tests; 0: none
}

// Load reads the settings of the product in a folder. For root see
// [Deployment.Root].
func Load(product, root string) (*Deployment, error) {
	settings, err := ReadSettings(product)
	if err != nil {
		return nil, err
	}
	if root != "" {
		if root, err = filepath.Abs(root); err != nil {
			return nil, err
		}
		if !absolute.MatchString(root) {
			return nil, fmt.Errorf("--root %s: want a path of letters, digits and _.@:+-", root)
		}
	}
	return &Deployment{Settings: settings, Root: root, product: product}, nil
}

// The files and folders of a deployment.
func (d *Deployment) HomeDir() string    { return d.at("/opt/" + d.Name) }
func (d *Deployment) Current() string    { return d.HomeDir() + "/current" }   // a symbolic link to the live release
func (d *Deployment) DataDir() string    { return d.at("/var/lib/" + d.Name) } // the working directory, owned by the user
func (d *Deployment) LogDir() string     { return d.at("/var/log/" + d.Name) } // owned by root
func (d *Deployment) NginxPID() string   { return d.at("/run/nginx.pid") }     // of nginx's master process
func (d *Deployment) at(p string) string { return path.Join(d.Root, p) }

// Program returns the file of the product's program.
func (d *Deployment) Program() string {
	if d.Debian != nil {
		return "/usr/bin/" + d.Name
	}
	return d.Current() + "/" + d.Name
}

// PublicDir returns the folder whose files nginx serves.
func (d *Deployment) PublicDir() string {
	if d.Debian != nil {
		return "/usr/share/" + d.Name + "/public"
	}
	return d.Current() + "/public"
}

// User returns the Unix user of the processes, or "" for the present one.
func (d *Deployment) User() string {
	if d.Root != "" {
		return ""
	}
	return d.Name
}

// Superuser returns the name of root if root runs the command with
// [Deployment.Root], and "" otherwise. The configurations name it: without a name
// nginx would switch to another user, and supervisord would warn.
func (d *Deployment) Superuser() string {
	if d.Root == "" || os.Geteuid() != 0 {
		return ""
	}
	if u, err := user.LookupId("0"); err == nil {
		return u.Username
	}
	return "root"
}

// Times that are derived from the settings.
func (d *Deployment) StopTimeout() time.Duration   { return d.DrainWindow() + d.Drain + 5*time.Second }
func (d *Deployment) HeaderTimeout() time.Duration { return server.DefaultHeaderTimeout }
func (d *Deployment) IdleTimeout() time.Duration   { return server.DefaultIdleTimeout }

// DrainWindow returns how long a process that was told to end still accepts requests.
// It is longer than nginx keeps idle connections open, and, where other machines send
// requests, than their nginx leaves out a process that refused a connection
// (fail_timeout).
func (d *Deployment) DrainWindow() time.Duration {
	if ip := net.ParseIP(d.Host); len(d.Upstreams) == 0 && ip != nil && ip.IsLoopback() {
		return 2 * time.Second
	}
	return 5 * time.Second
}

// AnswerTimeout returns how long nginx waits for the answer to a call, or for more of
// it: longer than a call of any action may take, and than an event stream is silent.
// It is a day where a call may take for ever.
func (d *Deployment) AnswerTimeout() time.Duration {
	if d.Timeout == 0 || d.bounds.timeout < 0 {
		return 24 * time.Hour
	}
	return max(d.Timeout, d.bounds.timeout, 20*time.Second) + 10*time.Second
}

// LargestBody returns the size of the largest body that any function accepts.
func (d *Deployment) LargestBody() command.Size {
	return max(d.MaxBody, d.MaxUpload, d.bounds.body)
}

// NginxErrors returns the errors that nginx answers with itself, as docs/protocol.md
// has them.
func (d *Deployment) NginxErrors() (errors []NginxError) {
	for _, status := range []int{400, 403, 404, 405, 408, 412, 413, 416, 429, 431, 500, 502, 503, 504, 505} {
		errors = append(errors, NginxError{status, http.StatusText(status)})
	}
	return errors
}

// NginxError is a status, and the text that stands for it.
type NginxError struct {
	Status int
	Text   string
}

// TLSPort returns what follows the host name in a URL: "" or, for example, ":8443".
func (d *Deployment) TLSPort() string {
	first := d.TLSListen[0]
	if port := first[strings.LastIndex(first, ":")+1:]; port != "443" {
		return ":" + port
	}
	return ""
}

// Ports returns the ports of the API processes on this machine.
func (d *Deployment) Ports() []int {
	ports := make([]int, d.Processes)
	for i := range ports {
		ports[i] = d.FirstPort + i
	}
	return ports
}

// Address returns the address at which the API process of a port listens.
func (d *Deployment) Address(port int) string {
	return net.JoinHostPort(d.Host, strconv.Itoa(port))
}

// Pool returns the addresses that nginx distributes requests to.
func (d *Deployment) Pool() []string {
	if len(d.Upstreams) > 0 {
		return d.Upstreams
	}
	var pool []string
	for _, port := range d.Ports() {
		pool = append(pool, d.Address(port))
	}
	return pool
}

// Fallback returns the address that nginx uses when no address of the pool accepts
// a connection, or "".
func (d *Deployment) Fallback() string {
	if len(d.Upstreams) > 0 || d.Processes == 0 {
		return ""
	}
	return d.Address(d.StandIn)
}

// ServeFlags returns the flags of each API process.
func (d *Deployment) ServeFlags() string { return strings.Join(d.serveFlags(), " ") }

func (d *Deployment) serveFlags() []string {
	return append([]string{
		"--trusted-proxies=" + d.Proxies,
		"--hosts=" + d.Domain + "," + d.ownHost() + ",localhost",
		"--timeout=" + d.Timeout.String(),
		"--max-body=" + d.MaxBody.String(),
		"--max-upload=" + d.MaxUpload.String(),
		"--drain=" + d.Drain.String(),
		"--drain-window=" + d.DrainWindow().String(),
	}, d.Flags...)
}

// ownHost returns the address that quick-test.sh asks each process by.
func (d *Deployment) ownHost() string {
	host, _, _ := net.SplitHostPort(reachable(d.Address(d.FirstPort)))
	return host
}

// BackgroundFlags returns the flags of the background process.
func (d *Deployment) BackgroundFlags() string { return "--drain=" + d.Drain.String() }

// Program is one process that a service manager runs.
type Program struct {
	Name    string // "myproduct-8001"
	Command string
	Log     string // the name of its log file
	Address string // HOST:PORT; "" for the background process
}

// Programs returns the programs of this machine, those of the API first.
func (d *Deployment) Programs() (programs []Program) {
	for _, port := range d.Ports() {
		programs = append(programs, Program{
			Name:    fmt.Sprintf("%s-%d", d.Name, port),
			Command: fmt.Sprintf("%s serve %s %s", d.Program(), d.Address(port), d.ServeFlags()),
			Log:     fmt.Sprintf("%d.log", port),
			Address: d.Address(port),
		})
	}
	if d.Background {
		programs = append(programs, Program{
			Name:    d.Name + "-background",
			Command: fmt.Sprintf("%s background %s", d.Program(), d.BackgroundFlags()),
			Log:     "background.log",
		})
	}
	return slices.Clip(programs)
}
