package main

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// lastIn accepts one of the connections that wait in the queue. The moment the
// queue is empty it stops listening, so that nobody can join it unseen.
func lastIn(listener *net.TCPListener) (net.Conn, error) {
	raw, err := listener.SyscallConn()
	if err != nil {
		return nil, err
	}
	waiting := -1
	failure := raw.Control(func(fd uintptr) {
		err = syscall.EINTR
		for errors.Is(err, syscall.EINTR) || errors.Is(err, syscall.ECONNABORTED) {
			waiting, _, err = syscall.Accept4(int(fd), syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		}
		if err != nil {
			_ = syscall.Shutdown(int(fd), syscall.SHUT_RD)
		}
	})
	if err != nil || failure != nil {
		return nil, errors.Join(net.ErrClosed, listener.Close())
	}
	f := os.NewFile(uintptr(waiting), "connection")
	defer f.Close()
	return net.FileConn(f) // has a descriptor of its own
}
