//go:build unix

package connection

import "syscall"

const canPeek = true

// waitReadable waits for the client to send something, at most until the socket's read
// deadline, and reads nothing. It reports whether there are bytes to read: there are none
// where the client has ended the connection, or on an error.
func waitReadable(socket syscall.RawConn) (more bool, err error) {
	var peeked [1]byte
	var failure error
	err = socket.Read(func(descriptor uintptr) (done bool) {
		var n int
		for {
			n, _, failure = syscall.Recvfrom(int(descriptor), peeked[:], syscall.MSG_PEEK)
			if failure != syscall.EINTR {
				break
			}
		}
		more = failure == nil && n > 0
		return failure != syscall.EAGAIN
	})
	return more, err
}
