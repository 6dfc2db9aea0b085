package deploy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// validName matches names that are valid for a folder, a Go module, a label of a host
// name, and a Unix user.
var validName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`)

// reserved are the names that mean something else to the go command: the first
// elements of the standard library's import paths, and its own keywords.
var reserved = []string{
	"all", "archive", "bufio", "builtin", "bytes", "cmd", "cmp", "compress", "container", "context", "crypto",
	"database", "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image",
	"index", "internal", "io", "iter", "log", "main", "maps", "math", "mime", "net", "os", "path", "plugin",
	"reflect", "regexp", "runtime", "slices", "sort", "std", "strconv", "strings", "structs", "sync", "syscall",
	"testing", "text", "time", "tool", "unicode", "unique", "unsafe", "vendor", "weak", "work",
}

// system are the names that Debian and the programs of a deployment use for their own
// users, groups, folders, services and files. The list saves whoever chooses one a
// refusal later: what protects other programs are the marks of a deployment (see
// mark.go), since no list has the names of all packages.
var system = strings.Fields(`
	adm apache2 apt avahi backup bin bind cache console-setup containerd cron crontab crontabs daemon dbus debconf
	default dhcp dialout dip disk docker dpkg exim4 fax games getty gnats grub initscripts init irc journal kernel kmem
	list logrotate lp mail man mariadb memcached messagebus misc modules mount mysql named network networking news nginx
	nobody nogroup ntp operator pam polkitd postfix postgres postgresql private proxy python python3 rabbitmq redis
	root rsyslog sasl shadow shells snapd src ssh sshd staff sudo supervisor supervisord sys syslog systemd tty udev ufw
	users utmp uucp video voice www-data`)

// CheckName returns an error if a product can't have a name. The name becomes a
// folder, a Go module, a host name and a Unix user. It is a lower-case letter, then
// lower-case letters, digits and -, does not end with -, and has at most 32
// characters. First elements of the standard library's import paths, and names that
// Debian uses, are refused.
// Names of apiphant's subcommands are allowed; write ./NAME for such a product.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("a product can't be named %q: want a lower-case letter, then lower-case letters, digits and -, 32 at most, such as my-shop", name)
	}
	if slices.Contains(reserved, name) {
		return fmt.Errorf("a product can't be named %q, which means something else in a Go import path: want another name, such as my-%[1]s", name)
	}
	if slices.Contains(system, name) {
		return fmt.Errorf("a product can't be named %q, which is a user, a folder or a service of Debian: want another name, such as my-%[1]s", name)
	}
	return nil
}
