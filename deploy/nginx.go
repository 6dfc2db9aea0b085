package deploy

import (
	"context"
	"errors"
	"os"
	"time"
)

// nginx is the reverse proxy in front of the programs.
type nginx struct{ *Deployment }

func (n nginx) configFile() string { return n.at("/etc/nginx/nginx.conf") }

// command runs nginx with its configuration.
func (n nginx) command(ctx context.Context, args ...string) (string, error) {
	return n.commandWith(ctx, n.configFile(), args...)
}

// commandWith runs nginx with a configuration.
func (n nginx) commandWith(ctx context.Context, config string, args ...string) (string, error) {
	args = append([]string{"-c", config}, args...)
	if n.Root != "" {
		args = append(args, "-p", n.Root, "-e", n.at("/var/log/nginx.log"))
	}
	return run(ctx, "nginx", args...)
}

func (n nginx) prepareRoot() error {
	if n.Root == "" {
		return nil
	}
	if err := os.MkdirAll(n.at("/var/lib"), 0o755); err != nil { // for the bodies that nginx keeps
		return err
	}
	content, err := n.renderOwn("deploy/nginx.conf.tmpl")
	if err != nil {
		return err
	}
	_, err = writeFile(n.configFile(), content, 0o644)
	return err
}

// answers waits until quick-test.sh passes through nginx. For a moment after a
// reload, nginx still answers by the old configuration.
func (n nginx) answers(ctx context.Context) (said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
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
	_ = os.Remove(n.testedFile()) // a deployment that was killed left it
	removed, err := n.removeOwn(n.Target(site))
	_, other := n.removeOwn(n.Target(rotation))
	if err := errors.Join(err, other); err != nil {
		return "", err
	}
	switch {
	case n.master() != 0 && n.Root != "":
		_, err = n.command(ctx, "-s", "quit")
	case n.master() != 0 && removed:
		_, err = n.command(ctx, "-s", "reload")
	}
	if !removed {
		return "was not there", err
	}
	return "removed", err
}
