// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Attach points: how a program gets onto an interface, is replaced there at once, and leaves without a trace.
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
#include "kernel/link.hpp"
#include "xovl/maps.h"

namespace xovl {

/// Programs that xovl attaches are named so; the kernel shows the name, and xovl knows its own by it.
inline constexpr const char *kXdpNames[] = {"xovl_xdp_port", "xovl_xdp_uplink"};
inline constexpr const char *kTcPort = "xovl_tc_port";
inline constexpr const char *kTcUplink = "xovl_tc_uplink";
inline constexpr const char *kTcWay = "xovl_tc_way";
inline constexpr const char *kTcGuard = "xovl_tc_guard";
inline constexpr const char *kTcTunnel = "xovl_tc_tunnel";
inline constexpr const char *kTcNames[] = {kTcPort, kTcUplink, kTcWay, kTcGuard, kTcTunnel};

/// The kernel's name of a loaded program, 15 characters. Error(System).
std::string program_name(const Fd &program);
/// The same; empty when there is none of that number, "number 7" when only CAP_SYS_ADMIN could tell.
std::string program_name(uint32_t prog_id);

/// The kernel's number of a loaded program, never given twice. Error(System).
uint32_t program_id(int program);

/// The numbers of the maps that a loaded program uses. Error(System).
std::set<uint32_t> program_maps(const Fd &program);

/// The number of a map; 0: the descriptor is of something else. Error(System).
uint32_t map_id(int object);

/// What the kernel tells of a BPF link. Error(System).
bpf_link_info link_info(const Fd &link);

/// While one lives, what libbpf and libxdp would print to stderr is kept here instead.
class BpfLog {
public:
	BpfLog();
	~BpfLog();
	BpfLog(const BpfLog &) = delete;
	BpfLog &operator=(const BpfLog &) = delete;

	/// One line: what the driver (netlink extack) or the verifier said last; strerror(err) when they were silent.
	std::string reason(int err) const;
	void append(const char *format, va_list args);

private:
	std::string text_;
	BpfLog *outer_;
	libbpf_print_fn_t libbpf_print_;
	libxdp_print_fn_t libxdp_print_;
};

enum class TcPoint { Ingress, Egress };

/// What tells our program at a TC hook from somebody else's.
struct TcOwn {
	std::string pin_path; ///< of the tcx link
	/// Ids of those that a clsact filter of ours can have; empty: any with a name of ours.
	std::vector<uint32_t> programs;
	TcPoint point = TcPoint::Ingress;
};

/// A tcx link pinned at own.pin_path where the kernel has tcx; else a clsact filter with our own priority and
/// handle. Attached already: the program is replaced at once (link update, filter replace).
/// making_clsact() is called before the clsact qdisc is added where it is missing. Error(System) when the kernel refuses.
void tc_attach(const LinkInfo &link, int prog_fd, const TcOwn &own, const std::function<void()> &making_clsact);

/// What has become of the pinned tcx link; None: there is none, or the kernel has no tcx.
enum class TcLink {
	None,
	Attached, ///< to an interface, in whatever network namespace that is now
	Detached, ///< the interface is gone, or somebody has detached it
};
TcLink tc_link_state(const TcOwn &own);

/// Detach the pinned tcx link, in whatever network namespace its interface is, and remove the pin. None: nothing to do.
void tc_detach_link(const TcOwn &own);

/// Detach the clsact filter, if it is ours. The qdisc stays.
void clsact_detach(uint32_t ifindex, const TcOwn &own);

/// Detach, remove the pin and, where made_clsact and no other filter is left on it, the qdisc.
/// Nothing attached, or the interface gone: nothing to do.
void tc_detach(uint32_t ifindex, const TcOwn &own, bool made_clsact);

/// Whether our program (by prog id of the pinned link, or our filter) is attached there now. Error(System): it cannot be seen.
bool tc_attached(uint32_t ifindex, const TcOwn &own);

/// Ids of the programs that run at a tcx hook, in that order; empty where the interface or tcx is missing.
std::vector<uint32_t> tcx_programs(uint32_t ifindex, TcPoint point);

/// Where our XDP program of an interface is pinned when it runs alone: known by that without CAP_SYS_ADMIN, which looking up programs by
/// number needs. Empty: it is not.
struct XdpOwn {
	std::string pin_path;
};

enum class XdpResult {
	Attached,
	Busy, ///< another XDP program is there and cannot be joined (other mode, not libxdp's, full, kernel refuses)
	Unsupported ///< the driver or kernel refuses this mode here
};

struct XdpOutcome {
	XdpResult result;
	std::string text; ///< of a refusal: one line with the reason of the kernel or driver
};

/// XDP, native or generic, through libxdp: joined to the dispatcher beside other programs where the kernel can, else as
/// the only program; never evicts another one. The attachment survives the process.
/// open_object opens (does not load) a fresh copy of the XDP object with maps and constants set, of which only program
/// prog_name is to be loaded; xdp_attach owns and closes it.
/// Any other outcome than Attached leaves no program of ours there, also where one was.
/// With our program attached already in the same mode: the new one takes its place without a moment in which none is
/// attached (behind the dispatcher both run for that moment, the old one first). In the other mode: detached first, as
/// an interface has one mode.
XdpOutcome xdp_attach(const LinkInfo &link, xovl_mode mode, const char *prog_name,
		      const std::function<bpf_object *()> &open_object, const XdpOwn &own = {});

/// Detach our program; others stay. Nothing of ours there, or the interface gone: nothing to do.
/// own_map_fd: any map that our programs of this network namespace use. With it those are unpinned too that libxdp left
/// behind for this ifindex: of an interface that is gone, or of an attach that was killed half-way. (The path of
/// libxdp's pins has only the ifindex, which other namespaces have too.)
void xdp_detach(uint32_t ifindex, const XdpOwn &own = {}, int own_map_fd = -1);

/// Whether a program of ours that is attached there uses the map.
bool xdp_uses_map(uint32_t ifindex, int map_fd);

/// What keeps our program from being attached in that mode: "native XDP program xp is attached and cannot be joined". Empty: nothing that can
/// be seen beforehand.
std::string xdp_in_the_way(uint32_t ifindex, xovl_mode mode, const XdpOwn &own);

/// Ids of the XDP programs of the interface, in their order; behind a dispatcher those that it calls.
std::vector<uint32_t> xdp_programs(uint32_t ifindex);

/// Unpin what libxdp has of ours that uses a map, of interfaces that are gone with their network namespace.
void xdp_forget(int own_map_fd);

/// XOVL_MODE_NATIVE or XOVL_MODE_GENERIC when our program is attached there now, else XOVL_MODE_TC. Error(System): it cannot be
/// seen.
xovl_mode xdp_attached(uint32_t ifindex, const XdpOwn &own = {});

} // namespace xovl
