package deploy

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/server"
)

// Deployment is a product as it stands on a machine: what the templates render.
type Deployment struct {
	Settings

	// Root stands for the machine's own / and is "" for it. With another one,
	// nginx and supervisord are started for this deployment alone, as whoever
	// runs the command; no package, user or host name is added.
	Root string

	// Debian is the package that it comes in; nil: none.
	Debian *Debian

	product string // the product's folder
}

// Load reads the settings of the product in a folder, for the machine or for
// the folder root that stands for one.
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

// The places of a deployment.
func (d *Deployment) HomeDir() string    { return d.at("/opt/" + d.Name) }
func (d *Deployment) Current() string    { return d.HomeDir() + "/current" }   // a link to the release that is live
func (d *Deployment) DataDir() string    { return d.at("/var/lib/" + d.Name) } // the working directory; belongs to the user
func (d *Deployment) LogDir() string     { return d.at("/var/log/" + d.Name) } // belongs to root
func (d *Deployment) NginxPID() string   { return d.at("/run/nginx.pid") }     // of nginx' master
func (d *Deployment) at(p string) string { return path.Join(d.Root, p) }

// Program is the binary.
func (d *Deployment) Program() string {
	if d.Debian != nil {
		return "/usr/bin/" + d.Name
	}
	return d.Current() + "/" + d.Name
}

// PublicDir is what nginx serves.
func (d *Deployment) PublicDir() string {
	if d.Debian != nil {
		return "/usr/share/" + d.Name + "/public"
	}
	return d.Current() + "/public"
}

// User is the Unix user of the processes, "" for whoever runs the command.
func (d *Deployment) User() string {
	if d.Root != "" {
		return ""
	}
	return d.Name
}

// Superuser is who runs the command, where that is root in a deployment with a
// root of its own: nginx and supervisord would take another user, or complain.
func (d *Deployment) Superuser() string {
	if d.Root == "" || os.Geteuid() != 0 {
		return ""
	}
	if u, err := user.LookupId("0"); err == nil {
		return u.Username
	}
	return "root"
}

// Times that follow from the settings.
func (d *Deployment) DrainWindow() time.Duration   { return drainWindow }
func (d *Deployment) StopTimeout() time.Duration   { return drainWindow + d.Drain + 5*time.Second }
func (d *Deployment) HeaderTimeout() time.Duration { return server.DefaultHeaderTimeout }
func (d *Deployment) IdleTimeout() time.Duration   { return server.DefaultIdleTimeout }

// drainWindow is how long a process that ends still takes requests: well beyond
// the time for which nginx keeps idle connections, and over as soon as it has
// closed them.
const drainWindow = 5 * time.Second

// AnswerTimeout is how long nginx waits for a call's answer.
func (d *Deployment) AnswerTimeout() time.Duration {
	if d.Timeout == 0 {
		return 24 * time.Hour
	}
	return d.Timeout + 10*time.Second
}

// LargestBody is the largest that any function may be sent.
func (d *Deployment) LargestBody() program.Size { return max(d.MaxBody, d.MaxUpload) }

// TLSPort is what a browser writes behind the host name: "" or ":8443".
func (d *Deployment) TLSPort() string {
	first := d.TLSListen[0]
	if port := first[strings.LastIndex(first, ":")+1:]; port != "443" {
		return ":" + port
	}
	return ""
}

// Ports are those of the API processes on this machine.
func (d *Deployment) Ports() []int {
	ports := make([]int, d.Processes)
	for i := range ports {
		ports[i] = d.FirstPort + i
	}
	return ports
}

// Address is where the API process of a port listens.
func (d *Deployment) Address(port int) string {
	return net.JoinHostPort(d.Host, strconv.Itoa(port))
}

// Pool is what nginx shares the requests among.
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

// Fallback is where nginx turns when nobody of the pool takes a request, "" for
// nowhere.
func (d *Deployment) Fallback() string {
	if len(d.Upstreams) > 0 || d.Processes == 0 {
		return ""
	}
	return d.Address(d.StandIn)
}

// ServeFlags are those of each API process.
func (d *Deployment) ServeFlags() string { return strings.Join(d.serveFlags(), " ") }

func (d *Deployment) serveFlags() []string {
	return append([]string{
		"--trusted-proxies=" + d.Proxies,
		"--timeout=" + d.Timeout.String(),
		"--max-body=" + d.MaxBody.String(),
		"--max-upload=" + d.MaxUpload.String(),
		"--drain=" + d.Drain.String(),
		"--drain-window=" + drainWindow.String(),
	}, d.Flags...)
}

// BackgroundFlags are those of the process in the background.
func (d *Deployment) BackgroundFlags() string { return "--drain=" + d.Drain.String() }

// Program is one that is kept running.
type Program struct {
	Name    string // "myproduct-8001"
	Command string
	Log     string // the file's name
	Address string // "" for the background
}

// Programs are those of this machine, those of the API first.
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
