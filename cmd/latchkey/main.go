// Command latchkey serves personal access tokens for any API, and manages them
// from the command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // time zones, also where the system has none

	"github.com/alecthomas/kong"

	"latchkey/models"
)

// What the program ends with.
const (
	done   = 0
	failed = 1 // refused, or something went wrong
	misuse = 2 // the command line or a setting cannot be understood
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(ballastShare)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from the second signal on, the process ends at once
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	runtime.KeepAlive(ballast)
	os.Exit(code)
}

// ballast is memory that is never touched, so that it takes none, but the
// collector counts it as in use. With it, collecting begins after garbage of
// ballastShare percent of both: what a request makes is dead when it is
// answered, and to look through every remembered token after each few megabytes
// would cost a fourth of a request. The share is small, so that many remembered
// tokens do not double the memory.
var ballast = make([]byte, 64<<20)

const ballastShare = 40

// run is the program. It is apart from main so that a test can run it.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	var commands commandLine
	selected, helped, err := parse(&commands, args, getenv, stdout)
	if helped {
		return done
	}
	if err == nil {
		p := &program{ctx: ctx, settings: &commands.settings, stdin: stdin, stdout: stdout, stderr: stderr}
		p.log = commands.logger(stderr)
		err = selected.Run(p)
	}
	return report(stderr, err)
}

// A program is what every command works with.
type program struct {
	ctx      context.Context
	settings *settings
	log      *slog.Logger
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
}

// say writes a line for people to standard output.
func (p *program) say(format string, args ...any) error {
	_, err := fmt.Fprintf(p.stdout, format+"\n", args...)
	return err
}

// parse reads the command line, and from the environment what it leaves out.
// helped says that somebody asked for help and has been given it.
func parse(commands *commandLine, args []string, getenv func(string) string, stdout io.Writer) (selected *kong.Context, helped bool, err error) {
	parser, err := kong.New(commands,
		kong.Name("latchkey"),
		kong.Description("Personal access tokens for any API. Without a command it runs the server."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Writers(stdout, io.Discard),
		kong.Exit(func(int) { helped = true }),
		kong.Resolvers(environment(getenv)),
		kong.ValueFormatter(nameVariable),
	)
	if err != nil {
		return nil, false, err
	}
	selected, err = parser.Parse(args)
	return selected, helped, err
}

// environment looks up the variable that a setting names. kong's own way would
// ask the process, which a test does not own.
func environment(getenv func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if name := flag.Tag.Get("variable"); name != "" && getenv(name) != "" {
			return getenv(name), nil
		}
		return nil, nil
	})
}

// nameVariable adds the variable to the help of a setting.
func nameVariable(v *kong.Value) string {
	name := v.Tag.Get("variable")
	if name == "" {
		return v.Help
	}
	return strings.TrimSuffix(v.Help, ".") + " ($" + name + ")."
}

// A usageError is a command line or a setting that cannot be understood.
type usageError struct{ problems []string }

func (e *usageError) Error() string { return strings.Join(e.problems, "\n") }

// report says what went wrong, if anything, and with what the program ends.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return done
	}
	if bad, ok := errors.AsType[*usageError](err); ok {
		for _, problem := range bad.problems {
			fmt.Fprintln(stderr, "latchkey:", problem)
		}
		return misuse
	}
	fmt.Fprintln(stderr, "latchkey:", sentence(err))
	if _, ok := errors.AsType[*kong.ParseError](err); ok {
		fmt.Fprintln(stderr, "Run latchkey --help to see the commands.")
		return misuse
	}
	return failed
}

// sentence puts an error on one line. Complaints about fields name the flags
// that the fields were filled from.
func sentence(err error) string {
	said := err.Error()
	if e, ok := errors.AsType[*models.Error](err); ok && len(e.Fields) > 0 {
		said = complaints(e.Fields)
	}
	return strings.Join(strings.Fields(said), " ")
}
