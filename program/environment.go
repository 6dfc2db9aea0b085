package program

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

	// fileSuffix makes of a variable's name that of one which says in which
	// file the value is.
	fileSuffix = "_FILE"

	// maxFile is how long a value in a file may be.
	maxFile = 64 << 10
)

const fromVariable = "apiphant_environment" // an annotation of flags

// environmentName is the variable of a flag: max-body is APIPHANT_MAX_BODY.
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

// ShowEnvironment names each flag's environment variable in its help.
func ShowEnvironment(flags *pflag.FlagSet) {
	flags.VisitAll(func(flag *pflag.Flag) { flag.Usage += " [" + environmentName(flag.Name) + "]" })
}

// IsFromEnvironment tells whether a flag was set by its variable. A program that
// this one starts has the variable too, and a password in it is not to be
// written where others read what was typed.
func IsFromEnvironment(flag *pflag.Flag) bool { return flag.Annotations[fromVariable] != nil }

// fromEnvironment sets the flags that were not given from their variables, or
// from the files that those name. An empty variable is one that is not set.
func fromEnvironment(flags *pflag.FlagSet) (err error) {
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
		file = "" // another flag's own variable
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
	var invalid *pflag.InvalidValueError // speaks of the flag
	if errors.As(failure, &invalid) {
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

// readSetting returns what a file has, without the line break at its end. No
// error repeats any of it.
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

// reason is an error of a file without the file's name, which its message has already.
func reason(err error) error {
	var failed *os.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
