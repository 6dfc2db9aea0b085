package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant/internal/command"
	"github.com/apiphant/apiphant/internal/keyset"
	"github.com/apiphant/apiphant/internal/wholefile"
)

const defaultKeys = "token_keys.json"

func keysCommand() *cobra.Command {
	keys := &cobra.Command{
		Use:   "keys",
		Short: "Make and list the keys that sign tokens",
		Long: `Make and list the keys of package auth, in a file that is a JWK Set (RFC 7517).

The first key of a file signs, all of them verify. A running product reads the file that
APIPHANT_TOKEN_KEYS_FILE names when it starts.

To change keys without signing anybody out: put a new one in front, restart all processes,
and remove the old one when everything that it has signed has expired.`,
		Args: command.Arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	keys.AddCommand(newKeyCommand(), listKeysCommand())
	return keys
}

func newKeyCommand() *cobra.Command {
	kind := ""
	cmd := &cobra.Command{
		Use:   "new [FILE]",
		Short: "Put a new key in front of those in FILE (" + defaultKeys + ")",
		Long: `Put a new key in front of those in FILE, which is made if it is not there, for its
owner alone (mode 0600). Without FILE it is ` + defaultKeys + `.

Kinds: HS256, a secret: who verifies tokens can issue them, too. RS256, ES256 and EdDSA, a
private and a public key. A256GCM, a secret that encrypts (auth.Cipher) and signs nothing.`,
		Example: `  apiphant keys new
  APIPHANT_TOKEN_KEYS_FILE=` + defaultKeys + ` apiphant myproduct 127.0.0.1:8001

  apiphant keys new --kind EdDSA /etc/myproduct/keys.json`,
		Args: atMostOneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := keyset.Generate(kind)
			if err != nil {
				return command.UsageError{Err: err}
			}
			file := keysFile(args)
			set, err := readKeys(file)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				set = keyset.New(key)
			case err != nil:
				return err
			default:
				set = set.With(key)
			}
			if err := writeKeys(file, set); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: new key %s (%s) in front of %d\n", file, key.ID, key.Algorithm, len(set.Keys())-1)
			return err
		},
	}
	cmd.Flags().StringVar(&kind, "kind", keyset.HS256, strings.Join(keyset.Algorithms(), ", "))
	return cmd
}

func listKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list [FILE]",
		Short: "List the keys in FILE (" + defaultKeys + "), without their secrets",
		Args:  atMostOneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := readKeys(keysFile(args))
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%w: \"apiphant keys new\" makes it", err)
			}
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			signing, _ := set.Signing()
			encrypting, _ := set.Encrypting()
			fmt.Fprintln(table, "KID\tKIND\tDOES")
			for i := range set.Keys() {
				key := &set.Keys()[i]
				fmt.Fprintf(table, "%s\t%s\t%s\n", key.ID, key.Algorithm, duty(key, key == signing, key == encrypting))
			}
			return table.Flush()
		},
	}
}

// duty says what a key is used for.
func duty(key *keyset.Key, signs, encrypts bool) string {
	switch {
	case signs:
		return "signs and verifies"
	case encrypts:
		return "encrypts and decrypts"
	case key.Algorithm == keyset.A256GCM:
		return "decrypts"
	}
	return "verifies"
}

func atMostOneFile(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return command.UsageError{Err: fmt.Errorf("%q is one argument too many", args[1])}
	}
	return nil
}

func keysFile(args []string) string {
	if len(args) == 0 {
		return defaultKeys
	}
	return args[0]
}

func readKeys(file string) (*keyset.Set, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	set, err := keyset.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return set, nil
}

// writeKeys writes the keys. A file that is there keeps its mode.
func writeKeys(file string, set *keyset.Set) error {
	text, err := set.Text()
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode().Perm()
	}
	return wholefile.Write(file, mode, func(to io.Writer) error {
		_, err := to.Write(text)
		return err
	})
}
