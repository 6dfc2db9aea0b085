package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

const (
	environmentPrefix = "APIPHANT_"

	// fileSuffix is the end of the name of a variable that holds the path of a
	// file with the value: APIPHANT_DATABASE_FILE for APIPHANT_DATABASE.
	fileSuffix = "_FILE"

	// maxFile bounds the size of such a file, in bytes.
	maxFile = 64 << 10
)

// fromVariable is the annotation of a flag that was set by its variable.
const fromVariable = "apiphant_environment"

// environmentName returns the name of a flag's variable: APIPHANT_MAX_BODY for
// max-body.
func environmentName(flag string) string {
	name := []byte(environmentPrefix + flag)
	for i, c := range name {
		switch {
		case c == '-':
			name[i] = '_'
		case 'a' <= c && c <= 'z':
			name[i] = c - 'a' + 'A'
		}
	}
	return string(name)
}

// ShowEnvironment adds to each flag's help text the name of its variable. Call
// it after all flags are defined.
func ShowEnvironment(flags *pflag.FlagSet) {
	flags.VisitAll(func(flag *pflag.Flag) { flag.Usage += " [" + environmentName(flag.Name) + "]" })
}

// IsFromEnvironment reports whether a flag was set by its variable. A child
// process inherits the variable, so the value need not be passed on as an
// argument; it must not be if it is a password, since every user of the machine
// can read the arguments of a process.
func IsFromEnvironment(flag *pflag.Flag) bool { return flag.Annotations[fromVariable] != nil }

// FromEnvironment sets the flags that were not given from their variables, or
// from the files that their _FILE variables name. An empty variable counts as
// not set. Execute does so before a command runs, unless that has a PersistentPreRunE
// of its own.
func FromEnvironment(flags *pflag.FlagSet) (err error) {
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed || err != nil || flag.Name == "help" || flag.Name == "version" {
			return
		}
		if failure := setFromEnvironment(flags, flag); failure != nil {
			err = UsageError{failure}
		}
	})
	return err
}

func setFromEnvironment(flags *pflag.FlagSet, flag *pflag.Flag) error {
	name := environmentName(flag.Name)
	value, file := os.Getenv(name), os.Getenv(name+fileSuffix)
	if flags.Lookup(flag.Name+"-file") != nil {
		file = "" // that name belongs to another flag, as with --log and --log-file
	}
	switch {
	case value == "" && file == "":
		return nil
	case value != "" && file != "":
		return fmt.Errorf("%s and %s are both set: want one of them", name, name+fileSuffix)
	case file != "":
		var err error
		if value, err = readSetting(file); err != nil {
			return fmt.Errorf("%s is %q: %w", name+fileSuffix, file, err)
		}
	}
	failure := flags.Set(flag.Name, value)
	_ = flags.SetAnnotation(flag.Name, fromVariable, []string{})
	var invalid *pflag.InvalidValueError
	if errors.As(failure, &invalid) { // its message names the flag, which nobody typed
		failure = invalid.Unwrap()
	}
	switch {
	case failure == nil:
		return nil
	case file != "":
		return fmt.Errorf("%s is %q: what that file has is no value of --%s", name+fileSuffix, file, flag.Name)
	default:
		return fmt.Errorf("%s is %q: %w", name, value, failure)
	}
}

// readSetting returns the content of a file without its final line break. The
// content may be a secret, so no error quotes it.
func readSetting(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", reason(err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	value := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	switch {
	case err != nil:
		return "", reason(err)
	case len(content) > maxFile:
		return "", fmt.Errorf("that file has more than %d bytes", maxFile)
	case value == "":
		return "", errors.New("that file is empty")
	}
	return value, nil
}

// reason strips the file's name from err: the message that wraps it has the name.
func reason(err error) error {
	var failed *os.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
