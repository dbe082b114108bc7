//go:build !linux

package main

import "net"

// lastIn only closes: connections that wait in the queue are reset.
func lastIn(listener *net.TCPListener) (net.Conn, error) {
	_ = listener.Close()
	return nil, net.ErrClosed
}
