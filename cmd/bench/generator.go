package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A round is one request that is sent again and again over connections that
// stay open, each time with the next token. It is written by hand and
// understands only what is needed: with a client from a library, most of the
// machine would be the client's.
type round struct {
	addrs       []string // connections take them in turn
	method      string   // GET when empty
	path        string
	status      int // that every answer must have
	tokens      []string
	first, n    int // which token is first, and how many requests; tokens come round again
	connections int
}

// A result is how long requests took.
type result struct {
	took    []time.Duration // of each request, in order
	elapsed time.Duration
}

func (r result) perSecond() float64 { return float64(len(r.took)) / r.elapsed.Seconds() }

// at is the duration that a part of the requests did not exceed.
func (r result) at(part float64) time.Duration {
	if len(r.took) == 0 {
		return 0
	}
	return r.took[min(int(part*float64(len(r.took))), len(r.took)-1)]
}

// run sends the requests and waits for all answers.
func (r round) run() (result, error) {
	times, errs := make([][]time.Duration, r.connections), make([]error, r.connections)
	start := time.Now()
	var group sync.WaitGroup
	for i := range r.connections {
		group.Go(func() { times[i], errs[i] = r.connection(i) })
	}
	group.Wait()
	res := result{took: slices.Concat(times...), elapsed: time.Since(start)}
	slices.Sort(res.took)
	return res, errors.Join(errs...)
}

// connection sends every request whose number leaves i when it is divided by
// the number of connections, one after the other.
func (r round) connection(i int) ([]time.Duration, error) {
	c, err := dial(r.addrs[i%len(r.addrs)])
	if err != nil {
		return nil, err
	}
	defer c.Close() //nolint:errcheck // every answer is here
	method := r.method
	if method == "" {
		method = "GET"
	}
	head := method + " " + r.path + " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
	request, took := []byte(head), make([]time.Duration, 0, r.n/r.connections+1)
	for k := i; k < r.n; k += r.connections {
		request = append(append(request[:len(head)], r.tokens[(r.first+k)%len(r.tokens)]...), "\r\n\r\n"...)
		start := time.Now()
		status, err := c.exchange(request)
		if err != nil {
			return took, fmt.Errorf("%s %s: %w", method, r.path, err)
		}
		if status != r.status {
			return took, fmt.Errorf("%s %s: status %d, want %d: %s", method, r.path, status, r.status, c.answer)
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

// A connection speaks as much HTTP/1.1 as the servers that are measured.
type connection struct {
	net.Conn
	buffer []byte
	answer []byte // the last one, as it came; valid until the next
}

// hang is when a server that does not answer is given up.
const hang = 5 * time.Minute

func dial(addr string) (*connection, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: c, buffer: make([]byte, 64<<10)}, c.SetDeadline(time.Now().Add(hang))
}

var (
	headEnd   = []byte("\r\n\r\n")
	lengthKey = []byte("\r\nContent-Length: ")
	lineEnd   = []byte("\r\n")
)

// exchange sends a request and reads the whole answer.
func (c *connection) exchange(request []byte) (status int, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	have, want := 0, 0
	for want == 0 || have < want {
		if have == len(c.buffer) {
			return 0, errors.New("the answer is longer than any that is expected")
		}
		n, err := c.Read(c.buffer[have:])
		if err != nil {
			return 0, err
		}
		have += n
		if want == 0 {
			if want, err = wholeLength(c.buffer[:have]); err != nil {
				return 0, err
			}
		}
	}
	c.answer = c.buffer[:have]
	if have != want {
		return 0, fmt.Errorf("%d bytes came, want %d: %s", have, want, c.answer)
	}
	return strconv.Atoi(string(c.answer[9:12]))
}

// wholeLength is how many bytes an answer has, 0 while the head is not there.
// An answer without a length has no body, or is not understood.
func wholeLength(got []byte) (int, error) {
	end := bytes.Index(got, headEnd)
	if end < 0 {
		return 0, nil
	}
	head := got[:end+len(lineEnd)]
	if len(head) < len("HTTP/1.1 200\r\n") || bytes.Contains(head, []byte("\r\nTransfer-Encoding:")) {
		return 0, fmt.Errorf("this answer is not understood: %s", head)
	}
	_, rest, _ := bytes.Cut(head, lengthKey)
	length, _, _ := bytes.Cut(rest, lineEnd)
	if len(length) == 0 {
		return end + len(headEnd), nil
	}
	n, err := strconv.Atoi(string(length))
	return end + len(headEnd) + n, err
}
