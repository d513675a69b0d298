
#include <cstdio>
#include <fmt/format.h>
#include "forwarder.hpp"
#include "measure.hpp"
using namespace xovl::bench;
int main(int argc, char **argv)
{
	pin_to_one_cpu();
	unsigned rounds = argc > 1 ? atoi(argv[1]) : 5;
	std::string which = argc > 2 ? argv[2] : "";
	bool kernel = which.find('k') != std::string::npos;
	const char *base = getenv("BASE");
	for (bool v6 : {false, true}) for (unsigned flows : {1u, 1000u}) {
		if (v6 && which.find('6') == std::string::npos) continue;
		if (flows > 1 && which.find('m') == std::string::npos) continue;
		Load load{.v6 = v6, .flows = flows};
		Traffic t = load.traffic(Way::Encap), u = load.traffic(Way::Decap);
		Forwarder bare("bare", t, u), xovl("xovl", t, u), old("base", t, u), kern("kern", t, u);
		bare.join_by_redirect();
		std::string local = v6 ? "2001:db8::1" : "192.0.2.1", peer = v6 ? "2001:db8::2" : "192.0.2.2";
		std::string yaml = fmt::format("vtep: {{local: [\"{}\"]}}\nuplinks:\n  - {{dev: up0, mode: native}}\nnetworks:\n  - {{name: blue, encap: vxlan, vni: 100, ports: [{{dev: port0, mode: native}}], flood: [\"{}\"]}}\n", local, peer);
		xovl.join_by_xovl(XOVL_COMMAND, yaml);
		if (base) old.join_by_xovl(base, yaml);
		Group g{"x", "t", "Mpps", {}};
		const uint32_t n = 2000000;
		if (kernel) kern.join_by_kernel(v6);
		for (Way way : {Way::Encap, Way::Decap}) {
			std::string w = way == Way::Encap ? "encap" : "decap";
			g.subjects.push_back({"bare-" + w, [&, way] { return bare.sample(way, n); }});
			g.subjects.push_back({"xovl-" + w, [&, way] { return xovl.sample(way, n); }});
			if (base) g.subjects.push_back({"base-" + w, [&, way] { return old.sample(way, n); }});
			if (kernel) g.subjects.push_back({"kernel-" + w, [&, way] { return kern.sample(way, 300000); }});
		}
		if (which.size() && which[0] == 'o') { std::erase_if(g.subjects, [&](auto &s) { return s.name != "xovl-" + which.substr(1); }); rounds = 40; measure(g, rounds); return 0; }
		measure(g, rounds);
		fmt::print("v6 {} flows {}\n", v6, flows);
		for (auto &s : g.subjects) { auto sp = spread_of(s.samples); auto r = ratio(s, g.subject(s.name.ends_with("encap") ? "bare-encap" : "bare-decap"));
			fmt::print("  {:14} {:6.2f} ({:.2f}-{:.2f})  ratio {:.3f} ({:.3f}-{:.3f}) +{:.1f} ns\n", s.name, sp.median, sp.min, sp.max, r.median, r.min, r.max, 1000/sp.median - 1000/spread_of(g.subject(s.name.ends_with("encap") ? "bare-encap" : "bare-decap").samples).median); }
		fflush(stdout);
	}
}
