package deploy

import (
	"fmt"
	"regexp"
	"slices"
)

// validName is what can be a folder, a Go module, a host name's label and a
// Unix user.
var validName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`)

// reserved are the names that the go command takes for something else: the
// beginnings of the standard library's import paths, and words of its own.
var reserved = []string{
	"all", "archive", "bufio", "builtin", "bytes", "cmd", "cmp", "compress", "container", "context", "crypto",
	"database", "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image",
	"index", "internal", "io", "iter", "log", "main", "maps", "math", "mime", "net", "os", "path", "plugin",
	"reflect", "regexp", "runtime", "slices", "sort", "std", "strconv", "strings", "structs", "sync", "syscall",
	"testing", "text", "time", "tool", "unicode", "unique", "unsafe", "vendor", "weak", "work",
}

// CheckName tells whether a product can have a name. It is its folder, its Go
// module, and later the host name and the Unix user that it runs under: a
// lower-case letter, then lower-case letters, digits and -, not at the end, 32
// in all. The names of the standard library are taken; those of apiphant's
// subcommands are not, such a product is reached as ./NAME.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("a product can't be named %q: want a lower-case letter, then lower-case letters, digits and -, 32 at most, such as my-shop", name)
	}
	if slices.Contains(reserved, name) {
		return fmt.Errorf("a product can't be named %q, which means something else in a Go import path: want another name, such as my-%[1]s", name)
	}
	return nil
}
