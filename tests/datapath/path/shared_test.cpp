// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// XDP and TC share paths. TC looks everything up and stores a path; then the test deletes the FDB entry behind their
// back. If XDP still forwards the frame, it has followed TC's path.
#include "path_fixture.hpp"
#include "tunnel_fixture.hpp"

namespace xovl::test {

namespace {

class SharedPath : public TunnelTest {
protected:
	/// Runs the packet in TC, then in XDP without the FDB entry of dst.
	void is_followed(const std::string &dev, const Bytes &packet, const std::string &dst)
	{
		const Config config = bench_->config();
		bench_->forget_paths();
		const RunResult tc = bench_->run(Hook::Tc, dev, packet);
		bench_->lose(dst);
		const RunResult xdp = bench_->run(Hook::Xdp, dev, packet);
		EXPECT_EQ(tc.verdict, Verdict::Redirect);
		EXPECT_EQ(xdp.verdict, Verdict::Redirect);
		EXPECT_EQ(hex_dump(xdp.packet), hex_dump(tc.packet));
		bench_->forget_paths();
		EXPECT_EQ(bench_->run(Hook::Xdp, dev, packet).verdict, Verdict::Pass) << "the entry is still there";
		bench_->apply(config);
		bench_->overlay().fdb_flush({.net = "blue"});
	}
	void both_ways(const Packet &arriving)
	{
		is_followed("port1", udp_frame(mac::kRemoteB, mac::kTenant1), mac::kRemoteB); // in blue only
		is_followed("port1", udp_frame(mac::kTenant2, mac::kTenant1), mac::kTenant2);
		is_followed("uplink", arriving, mac::kTenant2);
	}
};

} // namespace

TEST_P(SharedPath, Vxlan)
{
	both_ways(arriving(kBlueVni, inner_));
}

TEST_P(SharedPath, Geneve)
{
	set_blue([](NetworkConfig &net) {
		net.encap = XOVL_ENCAP_GENEVE;
		net.dstport = 6081;
	});
	both_ways(from_a(udp(6081, Geneve{.vni = kBlueVni} / inner_)));
}

TEST_P(SharedPath, Gre)
{
	set_blue([](NetworkConfig &net) {
		net.encap = XOVL_ENCAP_GRE;
		net.dstport = 0;
	});
	both_ways(from_a(Gre{.key = kBlueVni} / inner_));
}

TEST_P(SharedPath, Nvgre)
{
	set_blue([](NetworkConfig &net) {
		net.encap = XOVL_ENCAP_NVGRE;
		net.dstport = 0;
	});
	both_ways(from_a(Gre::nvgre(kBlueVni) / inner_));
}

INSTANTIATE_TEST_SUITE_P(Xdp, SharedPath,
			 testing::Values(Setup{XOVL_MODE_NATIVE, AF_INET}, Setup{XOVL_MODE_NATIVE, AF_INET6},
					 Setup{XOVL_MODE_GENERIC, AF_INET}, Setup{XOVL_MODE_GENERIC, AF_INET6}),
			 setup_name);

} // namespace xovl::test
