package server

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// letNobodyIn makes the system take no notice of who begins to connect from now
// on, while those who have begun before still can complete it. Who is not let in
// tries again after a second, as for a packet that was lost, and finds what is
// there by then: the next process, or nobody. It counts for every process that
// has the socket.
//
// Linux has no other way to stop a listener without a reset of those who connect
// at that moment (a backlog of 0 lets one in, shutdown resets the queue): a
// filter of the socket that drops TCP segments with SYN.
func letNobodyIn(ln net.Listener) bool {
	const flags, syn = 13, 0x02 // RFC 9293, 3.1
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: syn, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
	}
	system, ok := ln.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return false
	}
	failure := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
	return failure == nil && err == nil
}
