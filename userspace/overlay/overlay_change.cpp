// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Overlay: opening the state for changes, apply, edit and down.
#include "kernel/forwarding.hpp"
#include "overlay/overlay_impl.hpp"
#include "overlay/removal.hpp"
#include "state/routes.hpp"

namespace xovl {

void Overlay::Impl::change(const std::function<void()> &work)
{
	if (!loaded())
		begin();
	try {
		work();
	} catch (...) {
		if (!loaded())
			down();
		throw;
	}
}

/// Creates the folder and locks it. A datapath that another process has loaded meanwhile is used.
void Overlay::Impl::begin()
{
	try {
		dir_->create();
		if (datapath_is_loaded(*dir_)) { // another process has loaded it since we looked
			maps_.emplace(*dir_);
			current_.reset();
		} else {
			take_down(*dir_); // remains of an interrupted load, or of a namespace that is gone
		}
	} catch (...) {
		dir_->remove_empty();
		throw;
	}
}

Learned &Overlay::Impl::learned()
{
	if (!learned_)
		learned_.emplace(maps());
	return *learned_;
}

void Overlay::Impl::heal()
{
	if (!healed_)
		keep_lo_forwarding();
	healed_ = true;
}

void Overlay::Impl::close()
{
	learned_.reset();
	maps_.reset();
	current_.reset();
	take_down(*dir_);
}

void Overlay::Impl::down()
{
	close();
	dir_->remove();
}

Overlay::Overlay(const std::string &root) : Overlay(std::make_shared<Impl>(std::make_shared<WritablePinDir>(root)))
{
	sweep_stale(root);
}

Overlay::Overlay(const std::shared_ptr<Impl> &impl) : OverlayView(impl), impl_(impl)
{
}

Overlay::~Overlay() = default;

std::vector<std::string> Overlay::apply(const Config &wanted)
{
	std::vector<std::string> lines;
	impl_->change([&] {
		impl_->check(wanted);
		lines = impl_->commit(wanted, Impl::fdb_refs_of_config(), true);
	});
	return lines;
}

void Overlay::edit(const std::function<void(Config &)> &change)
{
	impl_->change([&] {
		const Config before = impl_->running(false);
		Config wanted = before;
		change(wanted);
		impl_->keep_fdb_peers(before, wanted);
		impl_->check(wanted);
		impl_->commit(wanted, impl_->present_refs(), false);
	});
}

void Overlay::down(const std::string &root)
{
	WritablePinDir dir(root);
	if (dir.exists()) {
		take_down(dir);
		dir.remove();
	}
	sweep_stale(root);
}

StaleStates Overlay::down_stale(const std::string &root)
{
	return sweep_stale(root);
}

} // namespace xovl
