package org.sluice.tck.driver;

/** The driver on a QEMU whose SMMU has both stages: {@code -Dsluice.qemu.nested=PATH}, 9.1 or newer; else not run. */
class QemuNestedDriverTest extends DriverTck {
    @Override
    protected DriverUnderTest underTest() {
        return Boards.qemu("sluice.qemu.nested", "nested");
    }
}
