package org.sluice.tck.driver;

/** The driver on a machine that nobody here wrote: {@code -Dsluice.qemu=PATH}, else {@code qemu-system-aarch64}. */
class QemuDriverTest extends DriverTck {
    @Override
    protected DriverUnderTest underTest() {
        return Boards.qemu("sluice.qemu", "");
    }
}
