package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/uds-platform/state/auth"
)

const keysUsage = `usage: uds-state keys create --file F --owner NAME [--scopes LIST] [--expires DURATION]
       uds-state keys list   --file F
       uds-state keys revoke --file F ID

keys manages the API keys that may connect to "uds-state serve --http". The file
has their hashes and no key; a running server reads it again when it changes.

create prints a new key on stdout, once: it can't be shown again. The scopes are
"discover" (call tools, the default) and "inspect" (see the dashboard).
`

// runKeys is the keys command.
func runKeys(args []string, p process) error {
	if len(args) == 0 {
		return fmt.Errorf("%w: keys needs one of create, list and revoke\n%s", errUsage, keysUsage)
	}
	var o keysOptions
	action, err := o.parse(args, p.stdout)
	if err != nil {
		return err
	}
	return action(&o, p)
}

// keysOptions are the flags of the keys command.
type keysOptions struct {
	file, owner, scopes string
	expires             time.Duration
	rest                []string
}

func (o *keysOptions) parse(args []string, help io.Writer) (func(*keysOptions, process) error, error) {
	flags := flag.NewFlagSet("keys", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.file, "file", "", "the file of keys")
	actions := map[string]func(*keysOptions, process) error{"create": createKey, "list": listKeys, "revoke": revokeKey}
	action, ok := actions[args[0]]
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(help, keysUsage)
		return nil, flag.ErrHelp
	case "create":
		flags.StringVar(&o.owner, "owner", "", "who the key is for")
		flags.StringVar(&o.scopes, "scopes", scopeDiscover, "what it may do, separated by commas")
		flags.DurationVar(&o.expires, "expires", 0, "how long it holds; 0 for ever")
	}
	if !ok {
		return nil, fmt.Errorf("%w: unknown action %q\n%s", errUsage, args[0], keysUsage)
	}
	err := flags.Parse(args[1:])
	o.rest = flags.Args()
	wanted := 0
	if args[0] == "revoke" {
		wanted = 1
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(help, keysUsage)
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	case o.file == "":
		return nil, fmt.Errorf("%w: --file is missing: want the file of keys", errUsage)
	case len(o.rest) != wanted && wanted == 1:
		return nil, fmt.Errorf("%w: revoke needs the id of one key, as list shows it", errUsage)
	case len(o.rest) != wanted:
		return nil, fmt.Errorf("%w: unexpected argument", errUsage) // not repeated: it may be a key
	case o.expires < 0:
		return nil, fmt.Errorf("%w: --expires is %v, it must be positive, or 0 for ever", errUsage, o.expires)
	}
	return action, nil
}

// createKey makes a key, adds its hash to the file and prints the key.
func createKey(o *keysOptions, p process) error {
	spec := auth.Spec{Owner: o.owner, Scopes: strings.Split(o.scopes, ",")}
	if o.expires > 0 {
		spec.Expires = time.Now().Add(o.expires)
	}
	return editKeys(o.file, func(f *keysFile) error {
		text, key, err := f.keys.Create(spec)
		if errors.Is(err, auth.ErrSpec) {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		if err != nil {
			return err
		}
		defer text.Wipe()
		if err := f.append(key.ID); err != nil {
			return err
		}
		// The key is shown when the file has it, so that none is shown that
		// doesn't work.
		if err := f.save(); err != nil {
			return err
		}
		fmt.Fprintf(p.stderr, "A key for %q with id %v. It is shown this once:\n", key.Owner, key.ID)
		if _, err := p.stdout.Write(append([]byte(text), '\n')); err != nil {
			return fmt.Errorf("the key could not be shown; revoke %v: %w", key.ID, err)
		}
		return nil
	})
}

func listKeys(o *keysOptions, p process) error {
	keys, err := auth.New(auth.Options{})
	if err == nil {
		err = keys.LoadFile(o.file)
	}
	if err != nil {
		return err
	}
	now := time.Now()
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tOWNER\tSCOPES\tCREATED\tSTATUS")
	all := slices.SortedFunc(keys.All(), func(a, b auth.Key) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID.String(), b.ID.String()))
	})
	for _, k := range all {
		fmt.Fprintf(w, "%v\t%s\t%s\t%s\t%s\n", k.ID, k.Owner, strings.Join(k.Scopes, ","), k.Created.Format(time.DateTime), keyStatus(k, now))
	}
	return w.Flush()
}

func keyStatus(k auth.Key, now time.Time) string {
	switch {
	case !k.Revoked.IsZero():
		return "revoked " + k.Revoked.Format(time.DateTime)
	case !k.Live(now):
		return "expired " + k.Expires.Format(time.DateTime)
	case !k.Expires.IsZero():
		return "live until " + k.Expires.Format(time.DateTime)
	}
	return "live"
}

func revokeKey(o *keysOptions, p process) error {
	var id auth.ID
	if err := id.UnmarshalText([]byte(o.rest[0])); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	return editKeys(o.file, func(f *keysFile) error {
		if err := f.keys.Revoke(id); err != nil {
			return err
		}
		if err := f.replace(id); err != nil {
			return err
		}
		if err := f.save(); err != nil {
			return err
		}
		fmt.Fprintf(p.stderr, "%v is revoked.\n", id)
		return nil
	})
}
