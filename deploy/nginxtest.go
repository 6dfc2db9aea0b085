package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// try lets nginx read its whole configuration with a new content for a file, without
// changing a file that nginx reads. It reads a copy of nginx.conf, which includes the
// new content in place of the file.
func (n nginx) try(ctx context.Context, file string, content []byte) error {
	dir, err := os.MkdirTemp("", "apiphant-nginx-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	candidate := filepath.Join(dir, "candidate.conf")
	if err := os.WriteFile(candidate, content, 0o600); err != nil {
		return err
	}
	main, err := os.ReadFile(n.configFile())
	if err != nil {
		return err
	}
	with, err := including(string(main), n.configFile(), file, candidate)
	if err != nil {
		return err
	}
	// Relative names in a configuration are relative to the folder of the copy.
	changed := n.testedFile()
	defer os.Remove(changed)
	if err := os.WriteFile(changed, []byte(with), 0o600); err != nil {
		return err
	}
	all, err := n.commandWith(ctx, changed, "-T")
	if err != nil {
		return errors.New(strings.NewReplacer(candidate, file+" (as it would be)", changed, n.configFile()).Replace(err.Error()))
	}
	return n.namesakes(all, candidate)
}

// testedFile is the copy of nginx.conf that is there while it is tested.
func (n nginx) testedFile() string { return n.configFile() + "." + n.Name + tempSuffix }

// includeDirective is an include of nginx, whose pattern is the second group.
var includeDirective = regexp.MustCompile(`(?m)^([^#\n]*?\b)include\s+["']?([^"';\s]+)["']?\s*;`)

// including returns the text of nginx's main configuration with the candidate included
// in place of a file, in the same order.
func including(text, main, file, candidate string) (string, error) {
	found := false
	text = includeDirective.ReplaceAllStringFunc(text, func(directive string) string {
		parts := includeDirective.FindStringSubmatch(directive)
		pattern := parts[2]
		if !path.IsAbs(pattern) {
			pattern = path.Join(path.Dir(main), pattern)
		}
		if matches, err := path.Match(pattern, file); err != nil || !matches {
			return directive
		}
		found = true
		files, _ := filepath.Glob(pattern)
		if !slices.Contains(files, file) {
			files = append(files, file)
			slices.Sort(files)
		}
		var includes strings.Builder
		for _, name := range files {
			if name == file {
				name = candidate
			}
			fmt.Fprintf(&includes, "include \"%s\";\n", name)
		}
		return parts[1] + includes.String()
	})
	if !found {
		return "", fmt.Errorf("%s does not include %s", main, file)
	}
	return text, nil
}

// conflict is nginx's warning that two servers have one name at one address.
var conflict = regexp.MustCompile(`conflicting server name "([^"]*)" on (\S+), ignored`)

// namesakes returns an error if another site has the name and the address of this one.
// nginx only warns, and gives one of the two all requests.
func (n nginx) namesakes(all, candidate string) error {
	for _, warning := range conflict.FindAllStringSubmatch(all, -1) {
		if !strings.EqualFold(warning[1], n.Domain) {
			continue
		}
		where := strings.Join(sitesOf(all, n.Domain, candidate), ", ")
		if where == "" {
			return fmt.Errorf("the configuration of nginx has the name %s twice at %s", n.Domain, warning[2])
		}
		return fmt.Errorf("another site has the name %s at %s: %s. Set another DOMAIN or LISTEN in %s, or take the name out there", n.Domain, warning[2], where, ConfFile)
	}
	return nil
}

// serverName is a directive server_name, whose names are the first group.
var serverName = regexp.MustCompile(`(?m)^[^#\n]*?\bserver_name\s+([^;]+);`)

// sitesOf returns the files in the output of nginx -T, other than the candidate, that
// have a server of this name.
func sitesOf(all, name, candidate string) (files []string) {
	for _, part := range strings.Split(all, "# configuration file ")[1:] {
		file, content, _ := strings.Cut(part, ":\n")
		for _, directive := range serverName.FindAllStringSubmatch(content, -1) {
			has := slices.ContainsFunc(strings.Fields(directive[1]), func(word string) bool {
				return strings.EqualFold(strings.Trim(word, `"'`), name)
			})
			if has && file != candidate && !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files
}
