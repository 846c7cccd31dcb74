/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The names on the control socket: interface io.xslot, its methods and errors. */
#ifndef CONTROL_INTERFACE_H
#define CONTROL_INTERFACE_H

#define INTERFACE_XSLOT "io.xslot"
#define INTERFACE_SERVICE "org.varlink.service" /* what every varlink service has: introspection */

#define ERROR_NO_SUCH_CHAIN INTERFACE_XSLOT ".NoSuchChain"
#define ERROR_PERMISSION_DENIED INTERFACE_XSLOT ".PermissionDenied"
#define ERROR_FAILED INTERFACE_XSLOT ".Failed" /* anything else that goes wrong in the host */

/* The text that GetInterfaceDescription returns; NULL for an interface that is not ours. */
const char *interface_description(const char *interface);

#endif
