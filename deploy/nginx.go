package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// nginx is the reverse proxy in front of the programs.
type nginx struct{ *Deployment }

func (n nginx) configFile() string { return n.at("/etc/nginx/nginx.conf") }

// command runs nginx with its configuration.
func (n nginx) command(ctx context.Context, args ...string) (string, error) {
	args = append([]string{"-c", n.configFile()}, args...)
	if n.Root != "" {
		args = append(args, "-p", n.Root, "-e", n.at("/var/log/nginx.log"))
	}
	return run(ctx, "nginx", args...)
}

func (n nginx) prepareRoot() error {
	if n.Root == "" {
		return nil
	}
	content, err := n.renderOwn("deploy/nginx.conf.tmpl")
	if err != nil {
		return err
	}
	_, err = writeFile(n.configFile(), content, 0o644)
	return err
}

// install writes the configuration and reloads nginx, or starts it. If nginx rejects
// the configuration, the one before is restored. If it has not changed, nginx is not
// reloaded.
func (n nginx) install(ctx context.Context) (string, error) {
	if err := n.prepareRoot(); err != nil {
		return "", err
	}
	piece, err := FindPiece("nginx")
	if err != nil {
		return "", err
	}
	content, err := n.Render(piece)
	if err != nil {
		return "", err
	}
	config, err := replace(n.Target(piece), content)
	if err != nil {
		return "", err
	}
	outcome, err := n.load(ctx, config)
	if err != nil {
		return "", errors.Join(err, config.putBack())
	}
	return outcome, nil
}

// load lets nginx check a new configuration and load it.
func (n nginx) load(ctx context.Context, config replaced) (string, error) {
	all, err := n.command(ctx, "-T")
	switch {
	case err != nil:
		return "", err
	case !strings.Contains(all, "# configuration file "+config.name):
		return "", fmt.Errorf("%s does not include %s", n.configFile(), config.name)
	case !n.isUp():
		return "started", n.start(ctx)
	case !config.changed:
		return "up to date", nil
	}
	_, err = n.command(ctx, "-s", "reload")
	return "reloaded", err
}

// isUp reports whether the process in the pid file exists and is an nginx.
func (n nginx) isUp() bool {
	content, err := os.ReadFile(n.NginxPID())
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || pid < 2 {
		return false
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil && strings.TrimSpace(string(name)) != "nginx" {
		return false // another process has the id now
	}
	return isAlive(pid)
}

func (n nginx) start(ctx context.Context) error {
	var err error
	if n.Root == "" && find("service") != "" {
		_, err = run(ctx, "service", "nginx", "start")
	} else {
		_, err = n.command(ctx)
	}
	if err == nil && !waitUntil(ctx, startTimeout, n.isUp) {
		err = fmt.Errorf("there is no process of it after %s", startTimeout)
	}
	if err != nil {
		return fmt.Errorf("nginx could not be started: %w", err)
	}
	return nil
}

// installLogrotate writes logrotate's configuration, if logrotate accepts it.
func (n nginx) installLogrotate(ctx context.Context) (string, error) {
	piece, err := FindPiece("logrotate")
	if err != nil {
		return "", err
	}
	content, err := n.Render(piece)
	if err != nil {
		return "", err
	}
	if err := checkLogrotate(ctx, content); err != nil && !errors.Is(err, errNotInstalled) {
		return "", err
	}
	changed, err := writeFile(n.Target(piece), content, 0o644)
	if !changed {
		return "up to date", err
	}
	return "written", err
}

// answers waits until quick-test.sh passes through nginx. For a moment after a
// reload, nginx still answers by the old configuration.
func (n nginx) answers(ctx context.Context) (said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		if said, err = n.quickTest(ctx, ""); err == nil {
			return said, nil
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return said, err
		}
	}
}

func (n nginx) remove(ctx context.Context) (string, error) {
	site, err := FindPiece("nginx")
	if err != nil {
		return "", err
	}
	rotation, err := FindPiece("logrotate")
	if err != nil {
		return "", err
	}
	removed, err := n.removeOwn(n.Target(site))
	_, other := n.removeOwn(n.Target(rotation))
	if err := errors.Join(err, other); err != nil {
		return "", err
	}
	switch {
	case n.isUp() && n.Root != "":
		_, err = n.command(ctx, "-s", "quit")
	case n.isUp() && removed:
		_, err = n.command(ctx, "-s", "reload")
	}
	if !removed {
		return "was not there", err
	}
	return "removed", err
}
