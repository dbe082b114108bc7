package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// introduce says what was measured where, so that figures can be compared.
func (b *bench) introduce(ctx context.Context) error {
	fmt.Printf("# Measured on %s\n\n", time.Now().Format("2 January 2006"))
	fmt.Printf("- command: `.ci/with-postgres go run ./cmd/bench %s`\n", strings.Join(os.Args[1:], " "))
	fmt.Printf("- machine: %d processors (%s), %s of memory, %s %s\n", runtime.NumCPU(), line("/proc/cpuinfo", "model name"),
		line("/proc/meminfo", "MemTotal"), runtime.GOOS, line("/proc/sys/kernel/osrelease", ""))
	commit, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	fmt.Printf("- built from %s with %s\n", strings.TrimSpace(string(commit)), runtime.Version())
	fmt.Printf("- %d connections, %d rounds of %s requests for each server, %s different tokens, %s to a user\n",
		b.connections, b.rounds, count(b.requests), count(b.warm), count(b.perUser))
	fmt.Printf("- the generator, both servers and the database share the machine\n")
	if !slices.Contains(b.databases, postgres) {
		return nil
	}
	return atServer(func(db *sql.DB) error {
		var server string
		const query = "SELECT concat('PostgreSQL ', current_setting('server_version'), ', fsync ', current_setting('fsync'), ', " +
			"shared_buffers ', current_setting('shared_buffers'))"
		err := db.QueryRowContext(ctx, query).Scan(&server)
		fmt.Printf("- %s; without fsync its commits do not wait for the disk, and those of SQLite always do\n", server)
		return err
	})
}

// line is the value of the first line of a file that begins with a name.
func line(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			return strings.Trim(rest, " \t:")
		}
	}
	return "unknown"
}

// A row is what was measured of one load.
type row struct {
	name, title string
	ours, bare  []turn
	once        bool // there was one round, and the bare server was not asked again
}

func (r *row) add(ours, bare turn) {
	r.ours, r.bare = append(r.ours, ours), append(r.bare, bare)
}

// What a row is read by.
func ourCPU(r *row, i int) float64   { return float64(r.ours[i].cpu) }
func bareCPU(r *row, i int) float64  { return float64(r.bare[i].cpu) }
func ratio(r *row, i int) float64    { return ourCPU(r, i) / bareCPU(r, i) }
func ourRate(r *row, i int) float64  { return r.ours[i].perSecond() }
func bareRate(r *row, i int) float64 { return r.bare[i].perSecond() }

// sorted are the values of all rounds, smallest first.
func (r *row) sorted(of func(*row, int) float64) []float64 {
	list := make([]float64, len(r.ours))
	for i := range list {
		list[i] = of(r, i)
	}
	slices.Sort(list)
	return list
}

// middle is the median of the rounds.
func (r *row) middle(of func(*row, int) float64) float64 {
	list := r.sorted(of)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

func (r *row) median(of func(*row, int) float64) time.Duration { return time.Duration(r.middle(of)) }

// latencies are those of all rounds together.
func (r *row) latencies() result {
	var all result
	for _, t := range r.ours {
		all.took = append(all.took, t.took...)
	}
	slices.Sort(all.took)
	return all
}

func printRows(rows []row) {
	if len(rows) == 0 {
		return
	}
	t := table{"", "req/s", "p50", "p99", "CPU of a request", "bare Echo: req/s", "CPU of a request", "CPU ratio (least, most)"}
	t.begin()
	for i := range rows {
		r := &rows[i]
		ratios, all := r.sorted(ratio), r.latencies()
		spread, rate := "", "–"
		if !r.once {
			spread, rate = fmt.Sprintf(" (%.2f, %.2f)", ratios[0], ratios[len(ratios)-1]), count(int(r.middle(bareRate)))
		}
		t.row(r.title, count(int(r.middle(ourRate))), millis(all.at(.5)), millis(all.at(.99)), micros(r.median(ourCPU)),
			rate, micros(r.median(bareCPU)), fmt.Sprintf("%.2f ×%s", r.middle(ratio), spread))
	}
	fmt.Print("\nWarm: each token was presented before. Cold: the server remembers hardly any token (`" + fewRemembered + "`) and asks the database " +
		"for each request. The last use of the tokens is written down meanwhile.\n")
}

// A table is printed in Markdown, row by row as they are measured.
type table []string

func (t table) begin() {
	fmt.Println()
	t.row(t...)
	fmt.Println("| --- |" + strings.Repeat(" ---: |", len(t)-1))
}

func (table) row(cells ...string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }

// A summary puts the loads of all databases side by side.
type summary struct {
	columns []string
	cells   map[string][]string // by the title of the load
	order   []string
}

func (s *summary) add(column string, rows []row) {
	if s.cells == nil {
		s.cells = map[string][]string{}
	}
	s.columns = append(s.columns, column)
	for i := range rows {
		r := &rows[i]
		if s.cells[r.title] == nil {
			s.order = append(s.order, r.title)
		}
		for len(s.cells[r.title]) < len(s.columns)-1 {
			s.cells[r.title] = append(s.cells[r.title], "–")
		}
		s.cells[r.title] = append(s.cells[r.title], fmt.Sprintf("%.2f × (%s)", r.middle(ratio), micros(r.median(ourCPU))))
	}
}

func (s *summary) print() {
	if len(s.order) == 0 {
		return
	}
	fmt.Print("\n## CPU of a request, against bare Echo\n")
	table(append([]string{""}, s.columns...)).begin()
	for _, title := range s.order {
		cells := s.cells[title]
		for len(cells) < len(s.columns) {
			cells = append(cells, "–")
		}
		table{}.row(append([]string{title}, cells...)...)
	}
}

// count writes a number with commas.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }
func micros(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d.Nanoseconds())/1000) }
func mebibytes(n int64) string      { return count(int(n>>20)) + " MiB" }
