package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/server"
)

// ConfFile is the file of a product that holds its [Settings].
const ConfFile = "deploy.conf"

// Settings are the settings of a deployment, in the product's deploy.conf. The file
// that apiphant new writes explains each of them.
type Settings struct {
	Name   string
	Domain string
	Listen []string // of nginx: PORT or ADDRESS:PORT

	TLSCertificate string // "": plain HTTP
	TLSKey         string
	TLSListen      []string

	Processes  int
	FirstPort  int
	StandIn    int // the port at which a new version is tried
	Host       string
	Background bool

	DatabaseFile string // "": no database
	Timeout      time.Duration
	MaxBody      command.Size
	MaxUpload    command.Size
	Drain        time.Duration

	Upstreams []string // nil: the processes of this machine
	Proxies   string   // as --trusted-proxies takes them
	Flags     []string
}

func defaults(name string) Settings {
	return Settings{
		Name:       name,
		Domain:     localName(name),
		Listen:     []string{"80"},
		TLSListen:  []string{"443"},
		Processes:  2,
		FirstPort:  8001,
		StandIn:    8900,
		Host:       "127.0.0.1",
		Background: true,
		Timeout:    apiphant.DefaultTimeout,
		MaxBody:    server.DefaultMaxBody,
		MaxUpload:  server.DefaultMaxUpload,
		Drain:      server.DefaultDrain,
		Proxies:    "127.0.0.1",
	}
}

// localName returns the default host name, which is added to the hosts file.
func localName(name string) string { return name + "-local.com" }

// ReadSettings reads the deploy.conf of the product in a folder. Without the file it
// returns the defaults. The default name is that of the folder.
func ReadSettings(product string) (Settings, error) {
	absolute, err := filepath.Abs(product)
	if err != nil {
		return Settings{}, err
	}
	file := filepath.Join(product, ConfFile)
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Settings{}, err
	}
	lines, err := parseConf(content)
	if err != nil {
		return Settings{}, fmt.Errorf("%s:%w", file, err)
	}
	name := filepath.Base(absolute)
	for _, line := range lines {
		if line.key == "NAME" {
			name = line.value
		}
	}
	s := defaults(name)
	for _, line := range lines {
		if err := s.set(line.key, line.value); err != nil {
			return s, fmt.Errorf("%s:%d: %s: %w", file, line.number, line.key, err)
		}
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

func (s *Settings) set(key, value string) error {
	switch key {
	case "NAME":
		return CheckName(value)
	case "DOMAIN":
		return setMatching(&s.Domain, value, hostName, "a host name, such as "+localName(s.Name))
	case "LISTEN":
		return setListen(&s.Listen, value)
	case "TLS_LISTEN":
		return setListen(&s.TLSListen, value)
	case "TLS_CERTIFICATE":
		return setPath(&s.TLSCertificate, value)
	case "TLS_KEY":
		return setPath(&s.TLSKey, value)
	case "PROCESSES":
		return setNumber(&s.Processes, value, 0, 1000)
	case "FIRST_PORT":
		return setNumber(&s.FirstPort, value, 1, 65535)
	case "STAND_IN":
		return setNumber(&s.StandIn, value, 1, 65535)
	case "HOST":
		_, err := netip.ParseAddr(value)
		s.Host = value
		return err
	case "BACKGROUND":
		s.Background = value == "yes"
		if value != "yes" && value != "no" {
			return fmt.Errorf("want yes or no, got %q", value)
		}
		return nil
	case "DATABASE_FILE":
		return setPath(&s.DatabaseFile, value)
	case "TIMEOUT":
		return setDuration(&s.Timeout, value)
	case "DRAIN":
		return setDuration(&s.Drain, value)
	case "MAX_BODY":
		return s.MaxBody.Set(value)
	case "MAX_UPLOAD":
		return s.MaxUpload.Set(value)
	case "UPSTREAMS":
		s.Upstreams = strings.Fields(value)
		return checkAddresses(s.Upstreams)
	case "PROXIES":
		s.Proxies = value
		return new(command.Networks).Set(value)
	case "FLAGS":
		s.Flags = strings.Fields(value)
		return checkFlags(s.Flags)
	}
	return errors.New("there is no such setting")
}

// check checks settings that depend on each other.
func (s *Settings) check() error {
	switch {
	case (s.TLSCertificate == "") != (s.TLSKey == ""):
		return errors.New("TLS_CERTIFICATE and TLS_KEY belong together: set both or neither")
	case s.FirstPort+s.Processes > 65536:
		return fmt.Errorf("%d processes from port %d on: there are no more than 65535 ports", s.Processes, s.FirstPort)
	case s.StandIn >= s.FirstPort && s.StandIn < s.FirstPort+s.Processes:
		return fmt.Errorf("STAND_IN is %d, which is one of the processes' ports", s.StandIn)
	case s.Processes == 0 && !s.Background && len(s.Upstreams) == 0:
		return errors.New("there is nothing to run: PROCESSES is 0, BACKGROUND is no, and there are no UPSTREAMS")
	}
	return CheckName(s.Name)
}

var (
	hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	absolute = regexp.MustCompile(`^(/[A-Za-z0-9_.@:+-]+)+$`)
	flag     = regexp.MustCompile(`^[A-Za-z0-9_./:,=@%+*\[\]-]+$`)
)

func setMatching(s *string, value string, pattern *regexp.Regexp, want string) error {
	if !pattern.MatchString(value) {
		return fmt.Errorf("want %s, got %q", want, value)
	}
	*s = value
	return nil
}

// setPath accepts only paths without characters that a shell or a configuration
// would interpret.
func setPath(s *string, value string) error {
	if value == "" {
		*s = ""
		return nil
	}
	return setMatching(s, value, absolute, "an absolute path of letters, digits and _.@:+-")
}

func setNumber(n *int, value string, from, to int) error {
	number, err := strconv.Atoi(value)
	if err != nil || number < from || number > to {
		return fmt.Errorf("want a number from %d to %d, got %q", from, to, value)
	}
	*n = number
	return nil
}

func setDuration(d *time.Duration, value string) error {
	duration, err := time.ParseDuration(value)
	if err != nil || duration < 0 {
		return fmt.Errorf("want a duration such as 30s, got %q", value)
	}
	*d = duration
	return nil
}

func setListen(listen *[]string, value string) error {
	*listen = strings.Fields(value)
	if len(*listen) == 0 {
		return errors.New("want a port, or ADDRESS:PORT")
	}
	for _, address := range *listen {
		if _, err := strconv.ParseUint(address, 10, 16); err != nil {
			if err := checkAddresses([]string{address}); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkAddresses(addresses []string) error {
	for _, address := range addresses {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil || !hostName.MatchString(strings.ReplaceAll(host, ":", "0")) {
			return fmt.Errorf("want ADDRESS:PORT, got %q", address)
		}
	}
	return nil
}

func checkFlags(flags []string) error {
	for _, f := range flags {
		if !flag.MatchString(f) {
			return fmt.Errorf("%q has a character that supervisor, systemd and shells read in different ways: put the setting into a file, see --help", f)
		}
	}
	return nil
}
