package serve_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
)

func write(t *testing.T, content string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "setting")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestSettingsFromFiles: a variable that ends with _FILE says where the value is.
func TestSettingsFromFiles(t *testing.T) {
	for _, content := range []string{"postgres://u:geheim@host/db", "postgres://u:geheim@host/db\n", "postgres://u:geheim@host/db\r\n"} {
		settings, status, stderr := set(t, []string{"APIPHANT_DATABASE_FILE=" + write(t, content), "APIPHANT_TIMEOUT_FILE=" + write(t, "7s\n")}, nil)
		if status != command.ExitOK || settings.Database != "postgres://u:geheim@host/db" || settings.Timeout.String() != "7s" {
			t.Errorf("%q: got %q, %s, status %d and %s", content, settings.Database, settings.Timeout, status, stderr)
		}
	}
	settings, _, stderr := set(t, []string{"APIPHANT_DATABASE_FILE=" + write(t, " a\nb \n\n")}, nil)
	if settings.Database != " a\nb \n" {
		t.Errorf("only one line break goes: got %q and %s", settings.Database, stderr)
	}
	settings, status, stderr := set(t, []string{"APIPHANT_DATABASE_FILE=/nothing/there"}, []string{"--database=typed"})
	if status != command.ExitOK || settings.Database != "typed" {
		t.Errorf("a flag comes before: got %q and %s", settings.Database, stderr)
	}
}

func TestSettingsFromFilesThatAreWrong(t *testing.T) {
	folder := t.TempDir()
	long := write(t, strings.Repeat("geheim", 20_000))
	wrong, empty := write(t, "geheim"), write(t, "\n")
	tests := []struct {
		name        string
		environment []string
		want        string
	}{
		{"both", []string{"APIPHANT_DATABASE=geheim", "APIPHANT_DATABASE_FILE=" + wrong}, "command: APIPHANT_DATABASE and APIPHANT_DATABASE_FILE are both set: want one of them\n"},
		{"not there", []string{"APIPHANT_DATABASE_FILE=/nothing/there"}, "command: APIPHANT_DATABASE_FILE is \"/nothing/there\": no such file or directory\n"},
		{"a folder", []string{"APIPHANT_DATABASE_FILE=" + folder}, "command: APIPHANT_DATABASE_FILE is \"" + folder + "\": is a directory\n"},
		{"empty", []string{"APIPHANT_DATABASE_FILE=" + empty}, "command: APIPHANT_DATABASE_FILE is \"" + empty + "\": that file is empty\n"},
		{"too long", []string{"APIPHANT_DATABASE_FILE=" + long}, "command: APIPHANT_DATABASE_FILE is \"" + long + "\": that file has more than 65536 bytes\n"},
		{"no such value", []string{"APIPHANT_MAX_BODY_FILE=" + wrong}, "command: APIPHANT_MAX_BODY_FILE is \"" + wrong + "\": what that file has is no value of --max-body\n"},
		{"no such duration", []string{"APIPHANT_TIMEOUT_FILE=" + wrong}, "command: APIPHANT_TIMEOUT_FILE is \"" + wrong + "\": what that file has is no value of --timeout\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, status, stderr := set(t, tt.environment, nil)
			if status != command.ExitUsage || !strings.HasPrefix(stderr, tt.want) || strings.Contains(stderr, "geheim") {
				t.Errorf("got status %d and %s, want %s", status, stderr, tt.want)
			}
		})
	}
}

// TestFileOfAnotherFlag: APIPHANT_OUT_FILE belongs to --out-file where there is
// one, and says nothing of --out.
func TestFileOfAnotherFlag(t *testing.T) {
	t.Setenv("APIPHANT_OUT_FILE", "/nothing/there")
	cmd := &cobra.Command{Use: "command", RunE: func(*cobra.Command, []string) error { return nil }}
	out, file := cmd.Flags().String("out", "", ""), cmd.Flags().String("out-file", "", "")
	var stderr bytes.Buffer
	if status := command.Execute(t.Context(), cmd, nil, &stderr, &stderr); status != command.ExitOK || *out != "" || *file != "/nothing/there" {
		t.Errorf("got %d, %q, %q and %s", status, *out, *file, stderr.String())
	}
}

// TestSecretsAreNotShown: neither in help, nor in what is printed, nor in errors.
func TestSecretsAreNotShown(t *testing.T) {
	file := write(t, "mysql://me:geheim@host/db?password=geheim")
	for _, variable := range []string{"APIPHANT_DATABASE=mysql://me:geheim@host/db?password=geheim", "APIPHANT_DATABASE_FILE=" + file} {
		t.Run(variable, func(t *testing.T) {
			name, value, _ := strings.Cut(variable, "=")
			t.Setenv(name, value)
			for _, args := range []string{"--help", "serve --help", "background --help", "routes", "routes --json", "serve nonsense", "serve 127.0.0.1:0 --log xml",
				"serve 127.0.0.1:0 --nothing", "serve 127.0.0.1:0", "background --workers 0"} {
				var out bytes.Buffer
				echo(nil).Run(t.Context(), strings.Fields(args), &out, &out)
				if out.Len() == 0 || strings.Contains(out.String(), "geheim") {
					t.Errorf("%s: got %s", args, out.String())
				}
			}
		})
	}
}
