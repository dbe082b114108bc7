package main

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// A proxy stands between a replica and its database, so that the way between
// them can be cut without touching either.
type proxy struct {
	upstream string
	listener net.Listener
	mu       sync.Mutex
	refusing bool
	open     map[net.Conn]bool
	held     chan struct{} // closed when bytes may pass
	slow     time.Duration // answers take up to so much longer, each for itself
}

// newProxy listens on a port of its own until ctx ends.
func newProxy(ctx context.Context, upstream string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{upstream: upstream, listener: l, open: map[net.Conn]bool{}, held: make(chan struct{})}
	close(p.held)
	context.AfterFunc(ctx, func() {
		l.Close()
		p.mend()
		p.cut()
	})
	go p.accept()
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		down, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.carry(down)
	}
}

// carry takes bytes both ways until either side ends.
func (p *proxy) carry(down net.Conn) {
	defer p.forget(down)
	if !p.remember(down) {
		return
	}
	<-p.gate()
	up, err := net.Dial("tcp", p.upstream)
	if err != nil {
		return
	}
	defer p.forget(up)
	if !p.remember(up) {
		return
	}
	ended := make(chan struct{}, 2)
	go func() {
		p.copy(up, down, p.gate)
		ended <- struct{}{}
	}()
	go func() {
		p.copy(down, up, p.slowGate)
		ended <- struct{}{}
	}()
	<-ended
}

// copy holds bytes back while the proxy stalls. They arrive late, as they do
// when a network comes back, rather than never.
func (p *proxy) copy(to, from net.Conn, gate func() <-chan struct{}) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		<-gate()
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) gate() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

// slowGate is the gate for answers. While the proxy is slow some of them wait,
// so that what one connection asked first may be answered after what another
// asked later.
func (p *proxy) slowGate() <-chan struct{} {
	p.mu.Lock()
	longest := p.slow
	p.mu.Unlock()
	if longest > 0 && rand.IntN(3) == 0 {
		<-time.After(rand.N(longest))
	}
	return p.gate()
}

// remember keeps a connection to cut it, and says no while all are refused.
func (p *proxy) remember(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusing {
		return false
	}
	p.open[c] = true
	return true
}

func (p *proxy) forget(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
	c.Close()
}

// refuse cuts what is open, and then whatever comes.
func (p *proxy) refuse() {
	p.mu.Lock()
	p.refusing = true
	p.mu.Unlock()
	p.cut()
}

// cut ends every connection. New ones are let through.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// stall holds back every byte until mend.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = make(chan struct{})
}

// slowDown makes some answers late.
func (p *proxy) slowDown(longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slow = longest
}

// mend undoes refuse, stall and slowDown.
func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing, p.slow = false, 0
	select {
	case <-p.held:
	default:
		close(p.held)
	}
}
