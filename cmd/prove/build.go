package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are the binaries that replicas run.
type programs struct {
	plain string
	odd   string // its wall clock is wrong; empty when it was not built
}

// oddClock takes the place of models/clock.go. The instant loses its monotonic
// reading, or moving it would move that too. It jumps there and back, as a
// clock does that two sources set.
const oddClock = `package models

import (
	"os"
	"time"
)

var (
	oddOffset, _ = time.ParseDuration(os.Getenv("` + offsetVariable + `"))
	oddStart     = time.Now()
)

func wallClock() time.Time {
	if time.Since(oddStart)/time.Second%2 == 0 {
		return time.Now().Round(0).Add(oddOffset)
	}
	return time.Now().Round(0).Add(-oddOffset / 2)
}
`

// offsetVariable names what the odd program reads its offset from.
const offsetVariable = "PROVE_CLOCK_OFFSET"

// build compiles the server, and once more with a wrong clock if odd is set.
func build(ctx context.Context, dir string, odd bool) (p programs, err error) {
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return p, fmt.Errorf("looking for the module: %w", err)
	}
	root := strings.TrimSpace(string(module))
	p.plain = filepath.Join(dir, "latchkey")
	if err := compile(ctx, root, p.plain); err != nil || !odd {
		return p, err
	}
	overlay, err := writeOverlay(dir, filepath.Join(root, "models", "clock.go"))
	if err != nil {
		return p, err
	}
	p.odd = filepath.Join(dir, "latchkey-odd")
	return p, compile(ctx, root, p.odd, "-overlay", overlay)
}

func compile(ctx context.Context, root, program string, flags ...string) error {
	args := append(append([]string{"build"}, flags...), "-o", program, "./cmd/latchkey")
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building: %w\n%s", err, out)
	}
	return nil
}

func writeOverlay(dir, replaced string) (path string, err error) {
	if _, err := os.Stat(replaced); err != nil {
		return "", fmt.Errorf("the clock to replace: %w", err)
	}
	clock, path := filepath.Join(dir, "clock.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(clock, []byte(oddClock), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {replaced: clock}})
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, text, 0o600)
}
