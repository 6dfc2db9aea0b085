package deploy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// errNotInstalled is the error of a check whose program is not installed.
var errNotInstalled = errors.New("is not installed")

// Check lets the program that each piece is for read it, and writes the outcome to
// w. A piece whose program is not installed is skipped. Check changes nothing.
func (d *Deployment) Check(ctx context.Context, w io.Writer) error {
	dir, err := os.MkdirTemp("", "apiphant-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	try := *d
	try.Root = dir
	if err := os.MkdirAll(try.LogDir(), 0o755); err != nil {
		return err
	}
	var failed error
	for _, piece := range pieces {
		content, err := try.Render(piece)
		if err == nil {
			err = try.checkPiece(ctx, piece, content)
		}
		switch {
		case err == nil:
			fmt.Fprintf(w, "%s: ok\n", piece.Name)
		case errors.Is(err, errNotInstalled):
			fmt.Fprintf(w, "%s: skipped: %v\n", piece.Name, err)
		default:
			fmt.Fprintf(w, "%s: %v\n", piece.Name, err)
			failed = errors.Join(failed, fmt.Errorf("%s: %w", piece.Name, err))
		}
	}
	return failed
}

// checkers maps the name of a piece to its check.
var checkers = map[string]func(ctx context.Context, d *Deployment, content []byte) error{
	"supervisor": func(ctx context.Context, d *Deployment, content []byte) error { return checkSupervisor(ctx, content) },
	"nginx":      func(ctx context.Context, d *Deployment, content []byte) error { return nginx{d}.check(ctx, content) },
	"logrotate":  func(ctx context.Context, d *Deployment, content []byte) error { return checkLogrotate(ctx, content) },
}

func (d *Deployment) checkPiece(ctx context.Context, piece Piece, content []byte) error {
	if piece.Part == "systemd" {
		return d.checkUnit(ctx, piece)
	}
	return checkers[piece.Name](ctx, d, content)
}

// check lets nginx read the configuration, below the deployment's root.
func (n nginx) check(ctx context.Context, content []byte) error {
	if find("nginx") == "" {
		return fmt.Errorf("nginx %w", errNotInstalled)
	}
	piece, err := FindPiece("nginx")
	if err != nil {
		return err
	}
	for _, folder := range []string{n.at("/run"), n.at("/var/lib"), n.LogDir()} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	if err := n.prepareRoot(); err != nil {
		return err
	}
	if _, err := writeFile(n.Target(piece), content, 0o644); err != nil {
		return err
	}
	said, err := n.command(ctx, "-t")
	if err == nil && strings.Contains(said, "[warn]") && !strings.Contains(said, "super-user privileges") {
		err = errors.New(said)
	}
	return err
}

// readConfig runs supervisord's own parser: supervisord has no option that only
// checks its configuration.
const readConfig = `
import sys
from supervisor.options import ServerOptions
options = ServerOptions()
options.realize(["-c", sys.argv[1]])
print(len(options.process_group_configs))
`

// checkSupervisor lets supervisord's parser read a configuration.
func checkSupervisor(ctx context.Context, content []byte) error {
	python, err := supervisorsPython()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "apiphant-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "supervisord.conf")
	around := fmt.Sprintf("[supervisord]\nlogfile=%s/log\npidfile=%[1]s/pid\n", dir)
	if err := os.WriteFile(file, append([]byte(around), content...), 0o600); err != nil {
		return err
	}
	said, err := run(ctx, python, "-c", readConfig, file)
	if err != nil {
		return errors.New(lastLines(strings.TrimSuffix(said, "For help, use -c -h"), 3))
	}
	if said == "0" {
		return errors.New("supervisor finds no program in it")
	}
	return nil
}

// supervisorsPython returns the interpreter in supervisord's first line, which has
// supervisord's modules.
func supervisorsPython() (string, error) {
	file, err := os.Open(find("supervisord"))
	if err != nil {
		return "", fmt.Errorf("supervisor %w", errNotInstalled)
	}
	defer file.Close()
	line, _ := bufio.NewReader(io.LimitReader(file, 200)).ReadString('\n')
	words := strings.Fields(strings.TrimPrefix(line, "#!"))
	if len(words) == 0 || !strings.Contains(words[len(words)-1], "python") {
		return "", fmt.Errorf("the Python of supervisord %w where its first line says", errNotInstalled)
	}
	return words[len(words)-1], nil
}

// checkLogrotate lets logrotate read a configuration without rotating anything.
func checkLogrotate(ctx context.Context, content []byte) error {
	if find("logrotate") == "" {
		return fmt.Errorf("logrotate %w", errNotInstalled)
	}
	dir, err := os.MkdirTemp("", "apiphant-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "logrotate.conf")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	said, err := run(ctx, "logrotate", "--debug", "--state", filepath.Join(dir, "state"), file)
	if exit := (&exec.ExitError{}); err == nil && strings.Contains(said, "error:") || errors.As(err, &exit) {
		return errors.New(lastLines(said, 20))
	}
	return err
}
