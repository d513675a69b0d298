// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Attaching programs to interfaces, replacing them without a gap, and detaching them without leaving a trace.
#pragma once

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <xdp/libxdp.h>

#include <cstdarg>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "bpf/object.hpp"
#include "kernel/link.hpp"
#include "xovl/maps.h"

namespace xovl {

/// Names of the programs that xovl attaches. The kernel keeps the names, and xovl recognises its programs by them.
inline constexpr const char *kXdpNames[] = {"xovl_xdp_port", "xovl_xdp_uplink"};
inline constexpr const char *kTcPort = "xovl_tc_port";
inline constexpr const char *kTcUplink = "xovl_tc_uplink";
inline constexpr const char *kTcWay = "xovl_tc_way";
inline constexpr const char *kTcGuard = "xovl_tc_guard";
inline constexpr const char *kTcTunnel = "xovl_tc_tunnel";
inline constexpr const char *kTcNames[] = {kTcPort, kTcUplink, kTcWay, kTcGuard, kTcTunnel};

/// Returns the kernel's name of a loaded program, cut to 15 characters. Throws Error(System) if it cannot be read.
std::string program_name(const Fd &program);
/// The same by program ID. Empty if there is no such program; "number 7" if reading the name needs CAP_SYS_ADMIN.
std::string program_name(uint32_t prog_id);

/// Returns the ID of a loaded program. IDs are never reused. Throws Error(System) if it cannot be read.
uint32_t program_id(int program);

/// Returns the IDs of the maps that a loaded program uses. Throws Error(System) if they cannot be read.
std::set<uint32_t> program_maps(const Fd &program);

/// Returns the ID of a map; 0 if the descriptor is not a map. Throws Error(System) if it cannot be read.
uint32_t map_id(int object);

/// Returns the kernel's information about a BPF link. Throws Error(System) if it cannot be read.
bpf_link_info link_info(const Fd &link);

/// While an object of this class lives, the warnings of libbpf are kept in it, and libxdp prints nothing.
class BpfLog {
public:
	BpfLog();
	~BpfLog();
	BpfLog(const BpfLog &) = delete;
	BpfLog &operator=(const BpfLog &) = delete;

	/// Returns one line: the last message of the driver (netlink extack) or of the verifier; strerror(err) if there
	/// is none.
	std::string reason(int err) const;
	void append(const char *format, va_list args);

private:
	std::string text_;
	BpfLog *outer_;
	libbpf_print_fn_t libbpf_print_;
	libxdp_print_fn_t libxdp_print_;
};

enum class TcPoint { Ingress, Egress };

/// How to recognise our program at a TC hook.
struct TcOwn {
	std::string pin_path; ///< path of the pinned tcx link
	/// IDs of our programs that a clsact filter may run. Empty: any program with one of our names.
	std::vector<uint32_t> programs;
	TcPoint point = TcPoint::Ingress;
};

/// Attaches a program, as a tcx link pinned at own.pin_path if the kernel has tcx, else as a clsact filter with our own
/// priority and handle. A program of ours is replaced without a gap (link update, filter replace).
/// making_clsact() is called before a missing clsact qdisc is added. Throws Error(System) if the kernel refuses.
void tc_attach(const LinkInfo &link, int prog_fd, const TcOwn &own, const std::function<void()> &making_clsact);

/// State of the pinned tcx link. None: there is no pinned link, or the kernel has no tcx.
enum class TcLink {
	None,
	Attached, ///< attached to an interface, in any network namespace
	Detached, ///< the interface is gone, or another process detached the link
};
TcLink tc_link_state(const TcOwn &own);

/// Detaches the pinned tcx link, whatever network namespace its interface is in, and removes the pin. Does nothing if
/// nothing is pinned.
void tc_detach_link(const TcOwn &own);

/// Removes the clsact filter if it is ours. The qdisc stays.
void clsact_detach(uint32_t ifindex, const TcOwn &own);

/// Detaches the program and removes the pin. If made_clsact is set and no other filter is left, removes the qdisc, too.
/// Does nothing if nothing is attached or the interface is gone.
void tc_detach(uint32_t ifindex, const TcOwn &own, bool made_clsact);

/// True if our program is attached, by the pinned link or by our filter. Throws Error(System) if it cannot be read.
bool tc_attached(uint32_t ifindex, const TcOwn &own);

/// Returns the IDs of the programs at a tcx hook, in the order in which they run; empty if the kernel has no tcx or the
/// interface is gone.
std::vector<uint32_t> tcx_programs(uint32_t ifindex, TcPoint point);

/// Where our XDP program of an interface is pinned when it runs without a dispatcher. The pin identifies it: looking up
/// a program by ID needs CAP_SYS_ADMIN. An empty path means it is not pinned.
struct XdpOwn {
	std::string pin_path;
};

enum class XdpResult {
	Attached,
	Busy, ///< another XDP program is attached and cannot be joined: other mode, not libxdp's, full, kernel refuses
	Unsupported ///< the driver or the kernel refuses this mode
};

struct XdpOutcome {
	XdpResult result;
	std::string text; ///< for a refusal: one line with the reason of the kernel or driver
};

/// Attaches native or generic XDP through libxdp: behind the dispatcher, beside other programs, if the kernel supports
/// it, else as the only program. Another program is never evicted. The program stays attached when the process ends.
/// open_object() opens, but does not load, a new copy of the XDP object with maps and constants set. Only its program
/// prog_name is loaded.
/// If a program of ours is attached in the same mode, the new one replaces it without a gap (behind the dispatcher both
/// run for a moment, the old one first). If it is attached in the other mode, it is detached first, because an
/// interface has one XDP mode.
/// If the result is not Attached, no program of ours is left on the interface. Throws Error(System) if the state cannot
/// be read or the pin cannot be made.
XdpOutcome xdp_attach(const LinkInfo &link, xovl_mode mode, const char *prog_name,
		      const std::function<BpfObject()> &open_object, const XdpOwn &own = {});

/// Detaches our program; others stay. Does nothing if the interface is gone or has no program of ours. Throws
/// Error(System) if the kernel refuses.
/// own_map_fd: a map that our programs in this network namespace use. If it is given, pins of our programs that libxdp
/// left behind for this ifindex are removed, too: those of deleted interfaces and of killed commands. (The path of
/// libxdp's pins contains only the ifindex, and other namespaces have the same numbers.)
void xdp_detach(uint32_t ifindex, const XdpOwn &own = {}, int own_map_fd = -1);

/// True if a program of ours attached to the interface uses the map.
bool xdp_uses_map(uint32_t ifindex, int map_fd);

/// Returns why our program cannot be attached in that mode: "native XDP program xp is attached and cannot be joined".
/// Empty if no obstacle is visible beforehand.
std::string xdp_in_the_way(uint32_t ifindex, xovl_mode mode, const XdpOwn &own);

/// Returns the IDs of the interface's XDP programs in the order in which they run; with a dispatcher, those that it
/// calls.
std::vector<uint32_t> xdp_programs(uint32_t ifindex);

/// Removes libxdp's pins of our programs that use the map, for interfaces that are gone with their network namespace.
void xdp_forget(int own_map_fd);

/// Returns XOVL_MODE_NATIVE or XOVL_MODE_GENERIC if our program is attached, else XOVL_MODE_TC. Throws Error(System) if
/// it cannot be read.
xovl_mode xdp_attached(uint32_t ifindex, const XdpOwn &own = {});

} // namespace xovl
