//go:build unix

package apiphant_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReadme does what the README says and compares what it prints. The console
// blocks below one heading are one session of bash: after "$ " and "> " stands
// what is typed, the rest is what comes back, where … is anything. Each go block
// must stand in a product of this repository, which are compiled and tested.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and serves several products")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed: apt-get install curl")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "./cmd/...")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as products are built: the standard library is compiled once for both
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build ./cmd/...: %v\n%s", err, out)
	}
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	products := productSources(t)
	commands := 0
	for section := range strings.SplitSeq("\n"+string(content), "\n## ") {
		heading, text, _ := strings.Cut(section, "\n")
		console := readConsole(text)
		commands += len(console)
		if len(console) > 0 {
			t.Run(heading, func(t *testing.T) {
				playConsole(t, bin, console, strings.Contains(text, "<!-- in an empty folder -->"))
			})
		}
		for _, block := range blocks(text, "go") {
			if !strings.Contains(products, block) {
				t.Errorf("no product has this code of the section %q:\n%s", heading, block)
			}
		}
	}
	if commands < 10 {
		t.Errorf("found only %d commands: the test does not read the README as it is", commands)
	}
}

// typed is one command of a console block with what it prints.
type typed struct{ command, want string }

func readConsole(text string) (console []typed) {
	for _, block := range blocks(text, "console") {
		for line := range strings.Lines(block) {
			switch {
			case strings.HasPrefix(line, "$ "):
				console = append(console, typed{command: line[2:]})
			case strings.HasPrefix(line, ">"):
				console[len(console)-1].command += strings.TrimPrefix(line[1:], " ")
			default:
				console[len(console)-1].want += line
			}
		}
	}
	return console
}

func blocks(text, language string) (found []string) {
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

func productSources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range []string{"examples", "templates"} {
		err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			content, err := os.ReadFile(path)
			all.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// playConsole types the commands. The ports that the README names are exchanged
// for free ones, since somebody may be using those.
func playConsole(t *testing.T, bin string, console []typed, inEmptyFolder bool) {
	ports := map[string]string{"8001": freePort(t), "8002": freePort(t)}
	session := startBash(t, bin, inEmptyFolder)
	for i, c := range console {
		for readme, free := range ports {
			c.command = strings.ReplaceAll(c.command, readme, free)
			c.want = strings.ReplaceAll(c.want, readme, free)
		}
		t.Logf("$ %s", c.command)
		end := fmt.Sprintf("end of command %d", i)
		if _, err := io.WriteString(session, c.command+"echo '"+end+"'\n"); err != nil {
			t.Fatal(err)
		}
		want := strings.Split(strings.TrimSuffix(c.want, "\n"), "\n")
		if c.want == "" {
			want = nil
		}
		for ended := false; len(want) > 0 || !ended; {
			line := session.line(t)
			switch {
			case line == end:
				ended = true
			case line == "" || strings.HasPrefix(line, "Building "): // what takes long says so
			case len(want) == 0:
				t.Errorf("printed besides: %s", line)
			case !matches(line, want[0]):
				t.Fatalf("printed:  %s\nexpected: %s", line, want[0])
			default:
				want = want[1:]
			}
		}
	}
}

func matches(line, want string) bool {
	parts := strings.Split(want, "…")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(line)
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

type bash struct {
	io.WriteCloser
	lines chan string
}

func startBash(t *testing.T, bin string, inEmptyFolder bool) *bash {
	t.Helper()
	command := exec.Command("bash", "--noprofile", "--norc")
	command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "APIPHANT_DRAIN_WINDOW=0")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if inEmptyFolder {
		command.Dir = t.TempDir()
	}
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	session := &bash{stdin, make(chan string, 1000)}
	go func() {
		defer close(session.lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			session.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGTERM) // the servers too
		stdin.Close()
		for range session.lines { // until all have closed their output
		}
		_ = command.Wait()
	})
	// A terminal would neither show curl's progress nor glue its output to the prompt.
	if _, err := io.WriteString(stdin, "curl() { command curl -sS \"$@\"; echo; }\n"); err != nil {
		t.Fatal(err)
	}
	return session
}

func (b *bash) line(t *testing.T) string {
	t.Helper()
	select {
	case line, open := <-b.lines:
		if !open {
			t.Fatal("bash ended")
		}
		return line
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing came for two minutes")
		return ""
	}
}
